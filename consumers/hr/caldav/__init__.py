"""The company's calendars over CalDAV (RFC 4791); `CalDavCalendar` is all that others see of it.

Read `calendar` first: what is asked and written, and when. `server` sends the requests, `reports` asks when somebody
is not free and reads the answers, `standing` reads the entry of an interview as it stands in a calendar.
"""

from consumers.hr.caldav.calendar import CalDavCalendar

__all__ = ["CalDavCalendar"]
