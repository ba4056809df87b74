"""The access policy: a YAML file that says which access is critical and who is never touched.

A security team reads and writes it, so whatever could be misread is refused: a key it does not know, a name given
twice, a value that YAML takes for a number or for yes and no.

    critical_groups:                       # display name in the directory: why it is critical
      prod-admins: can change what runs in production
      payments-approvers: can release payments
    protected_accounts: [X9001]            # employee ids of break-glass accounts
    employee_id_is: externalId             # or employeeNumber
    mass_brake: {people: 25, percent: 5, within_minutes: 60}   # more wait until a person has looked
    deactivate_high_risk: false            # true: risk HIGH also deactivates the account, mail and calendar with it
"""

from collections.abc import Hashable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    StrictBool,
    StringConstraints,
    ValidationError,
    model_validator,
)

from consumers.access.ports import Mass

Word = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]


class MassBrake(BaseModel):
    """How many may leave, in people or percent of the directory's, before a person must look.

    Attributes:
        within_minutes: the time in which they may.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    people: PositiveInt | None = None
    percent: float | None = Field(default=None, gt=0, le=100)
    within_minutes: PositiveInt = 60

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.people is None and self.percent is None:
            raise ValueError("say people, percent, or both")
        return self

    def mass(self) -> Mass:
        """Return it in the words of the service."""
        return Mass(self.people, self.percent, timedelta(minutes=self.within_minutes))


class Policy(BaseModel):
    """What is critical, and who is never touched.

    Attributes:
        critical_groups: display names of groups that are taken away, each with the reason; names must be unique.
        protected_accounts: the employee ids of break-glass accounts.
        employee_id_is: the attribute of an account that holds the employee id.
        mass_brake: when a person must look first.
        deactivate_high_risk: whether a resignation of risk HIGH deactivates the account, too; mail and calendar go
            with it, until the employee stays.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    critical_groups: dict[Word, Word] = Field(min_length=1)
    protected_accounts: frozenset[Word] = frozenset()
    employee_id_is: Literal["externalId", "employeeNumber"] = "externalId"
    mass_brake: MassBrake = MassBrake(people=25)
    deactivate_high_risk: StrictBool = False


def read_policy(file: Path) -> Policy:
    """Read the file.

    Raises:
        ValueError: it cannot be read or is none; says where, and shows no value.
    """
    try:
        said = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
        return Policy.model_validate(said)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{file}{_place(error)} is not understood: {getattr(error, 'problem', None)}") from None
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        reasons = (f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}" for one in problems)
        raise ValueError(f"{file} is no access policy: {'; '.join(reasons)}") from None


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML would take the last one in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if isinstance(name, Hashable) and name in seen:
                raise yaml.constructor.ConstructorError(None, None, "a name is given twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}," if mark else ""
