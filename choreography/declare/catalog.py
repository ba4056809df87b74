"""Find what is declared by walking packages, so that no list of topics or services exists anywhere.

The names of the packages to walk are the caller's: this floor knows nothing of any domain. A topic is a `TOPIC` in a
package, an event a class on that topic in the same package, a service a `service` in a module named `service`.
Services that live in repositories of their own are found by the entry-point group `choreography.services`, each entry
being `name = "package.service:service"`.
"""

import pkgutil
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, Final

from choreography.declare.event import Event
from choreography.declare.service import Service
from choreography.declare.topic import Topic
from choreography.errors import InvalidDeclaration

ENTRY_POINTS: Final = "choreography.services"


def topics(package_name: str) -> tuple[Topic, ...]:
    """Return every `TOPIC` declared below a package, by name.

    Raises:
        InvalidDeclaration: two packages declare one topic.
    """
    return tuple(topic for topic, _ in _declared(package_name))


def events(package_name: str) -> tuple[type[Event], ...]:
    """Return every event declared below a package, by topic and name."""
    return tuple(
        kind for topic, package in _declared(package_name) for kind in sorted(_on(topic, package), key=_class_name)
    )


def services(package_name: str) -> tuple[tuple[str, Service[Any]], ...]:
    """Return every service with the package it is run by (`python -m <package>`), by package name.

    Raises:
        InvalidDeclaration: two services have one group.
    """
    found = dict(_walked_services(package_name)) | dict(_installed_services())
    groups: dict[str, str] = {}
    for package, service in sorted(found.items()):
        if service.group in groups:
            raise InvalidDeclaration(
                f"{package} and {groups[service.group]} both use the group {service.group}. A group belongs to one "
                "service: give the new one a name of its own."
            )
        groups[service.group] = package
    return tuple(sorted(found.items(), key=lambda item: item[0]))


def _declared(package_name: str) -> list[tuple[Topic, ModuleType]]:
    by_name: dict[str, tuple[Topic, ModuleType]] = {}
    for package in _packages(package_name):
        topic = vars(package).get("TOPIC")
        if not isinstance(topic, Topic) or topic.package != package.__name__:
            continue
        if topic.name in by_name:
            raise InvalidDeclaration(
                f"{package.__name__} and {by_name[topic.name][1].__name__} both declare the topic {topic.name}."
            )
        by_name[topic.name] = (topic, package)
    return [by_name[name] for name in sorted(by_name)]


def _on(topic: Topic, package: ModuleType) -> list[type[Event]]:
    """Return the classes of a package that are events of its topic, without the bases that they share."""
    kinds = {value for value in vars(package).values() if isinstance(value, type) and issubclass(value, Event)}
    stated = {kind for kind in kinds if getattr(kind, "topic", None) == topic}
    return [kind for kind in stated if not any(issubclass(other, kind) for other in stated - {kind})]


def _packages(package_name: str) -> Iterator[ModuleType]:
    invalidate_caches()  # a folder may have been added a moment ago
    root = import_module(package_name)
    yield root
    for found in pkgutil.walk_packages(root.__path__, f"{package_name}."):
        if found.ispkg:
            yield import_module(found.name)


def _walked_services(package_name: str) -> Iterator[tuple[str, Service[Any]]]:
    invalidate_caches()
    root = import_module(package_name)
    for found in pkgutil.iter_modules(root.__path__, f"{package_name}."):
        if found.ispkg and _has_service(found.name):
            yield found.name, _checked(import_module(f"{found.name}.service").service, found.name)


def _has_service(package_name: str) -> bool:
    package = import_module(package_name)
    return any(found.name == "service" for found in pkgutil.iter_modules(package.__path__))


def _installed_services() -> Iterator[tuple[str, Service[Any]]]:
    for entry in entry_points(group=ENTRY_POINTS):
        package = entry.module.rpartition(".")[0]
        yield package, _checked(entry.load(), package)


def _checked(service: object, package: str) -> Service[Any]:
    if not isinstance(service, Service):
        raise InvalidDeclaration(f"{package}.service declares no `service = Service[Ports](…)`.")
    return service


def _class_name(kind: type[Event]) -> str:
    return kind.__name__
