"""What a service is told by its environment about the calendars."""

from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from choreography import ServiceSettings
from consumers.hr.caldav.places import FIELDS, TEMPLATE


def _template(path: str) -> str:
    try:
        names = {name for _, name, form, kind in Formatter().parse(path) if name is not None and not form and not kind}
        path.format(**dict.fromkeys(names, ""))
    except (ValueError, KeyError, IndexError) as error:
        raise ValueError("must be a path such as calendars/{user_name}/personal/") from error
    if not names or names - FIELDS:
        raise ValueError(
            "must name whose it is, by {employee_id}, {user_name} or {mail}, and by nothing else in braces"
        )
    return path


class CalDavSettings(ServiceSettings):
    """The calendar server, and where on it somebody's calendar is.

    Attributes:
        caldav_url: the address below which the calendars lie.
        caldav_username: an account that reads calendars and writes those of HR.
        caldav_calendar: the path of somebody's calendar below the address, with `{employee_id}`, `{user_name}` or
            `{mail}` in it.
        caldav_principal: the path of somebody's principal, with the same in it; where it is given, the server is asked
            for the calendar of that principal instead.
    """

    model_config = SettingsConfigDict(env_prefix="EMS_")

    caldav_url: str = Field(default=..., pattern="^https?://")
    caldav_username: str = ""
    caldav_password: SecretStr = SecretStr("")
    caldav_calendar: Annotated[str, AfterValidator(_template)] = TEMPLATE
    caldav_principal: Annotated[str, AfterValidator(lambda path: path and _template(path))] = ""
