"""A directory that is scim2-server's own code, for the real SCIM clients of the services."""

from collections.abc import Iterable
from functools import cache
from itertools import count
from typing import Any, Final

from scim2_models import Resource, ResourceType, ScimProvider
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.utils import load_default_provider

from consumers.shared.directory.person import ENTERPRISE, Person
from tests.simulation.faults import Faults
from tests.simulation.wire import Answered, Asked, Server, call
from tests.simulation.world import World

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class ServedDirectory(Server):
    """People and groups behind SCIM.

    Args:
        world: where it stands.
        faults: what goes wrong.
        name: in its log.
        travels: how many seconds a request may be on its way.
    """

    def __init__(self, world: World, faults: Faults, name: str, travels: float) -> None:
        super().__init__(world, faults, name, travels)
        self._storage = _Storage()
        self._application = WSGIApplication(self._storage, _provider(), _service())

    def hire(self, people: Iterable[Person]) -> None:
        """Set the scene: these are the people; a manager comes before whom they manage."""
        for one in people:
            user = {
                "userName": one.mail,
                "externalId": one.employee_id,
                "displayName": one.display_name,
                "timezone": one.time_zone,
                "emails": [{"value": one.mail, "type": "work", "primary": True}],
                ENTERPRISE: {"manager": {"value": one.manager_scim_id}},
            }
            self._create("User", one.id, user)

    def put(self, group: str, scim_ids: Iterable[str]) -> None:
        """Set the scene: these people are in this group from the beginning."""
        members = [{"value": one} for one in scim_ids]
        self._create("Group", f"group-{group}", {"displayName": group, "members": members})

    def serve(self, asked: Asked) -> Answered:
        """Answer a request, and write down whose groups it changed."""
        if asked.method in _READING:
            return call(self._application, asked)
        before = self._groups()
        answer = call(self._application, asked)
        after = self._groups()
        for person in sorted(before):
            if before[person] != after[person]:
                self.accept("set", person, key=person, before=before[person], after=after[person])
        return answer

    def stir(self, chance: float) -> None:
        """Have somebody else change a group: its version grows."""
        groups = sorted(self._of("Group"), key=lambda group: str(group.id))
        changed = groups[int(chance * len(groups))].model_copy(update={"external_id": f"stirred at {self.world.steps}"})
        self._storage.update(_kind("Group"), changed)

    def _groups(self) -> dict[str, list[str]]:
        """Return the names of everybody's groups, by employee id."""
        people = {str(one.id): str(one.external_id) for one in self._of("User")}
        found: dict[str, list[str]] = {person: [] for person in people.values()}
        for group in self._of("Group"):
            for member in group.members or ():
                found[people[str(member.value)]].append(str(group.display_name))
        return {person: sorted(names) for person, names in found.items()}

    def _create(self, kind: str, scim_id: str, attributes: dict[str, Any]) -> None:
        model = _service().get_model(_kind(kind))
        self._storage.next_id = scim_id
        self._storage.create(_kind(kind), model.model_validate(attributes))

    def _of(self, kind: str) -> list[Any]:
        return [one for one in self._storage.resources if one.meta and one.meta.resource_type == kind]


class _Storage(InMemoryStorage):
    """Keeps everything in memory, under ids that are the same in each run."""

    def __init__(self) -> None:
        super().__init__()
        self.next_id: str | None = None
        self._numbers = count(1)

    def generate_id(self, _resource_type: ResourceType, _resource: Resource[Any]) -> str:
        chosen, self.next_id = self.next_id, None
        return chosen or f"made-{next(self._numbers)}"


@cache
def _provider() -> ScimProvider:
    return load_default_provider()


@cache
def _service() -> ScimService:
    return ScimService(_provider())


@cache
def _kind(name: str) -> ResourceType:
    return next(one for one in _provider().resource_types if one.name == name)
