"""Objects of the user's own, by name: `package.module:Name`, or an entry point of a package.

Only what the user names is imported, and only when it is named.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from types import ModuleType
from typing import TypeVar

from ...space import ActsearchError, UnknownNameError
from ...space.errors import nearest

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginLoader:
    """Loads one kind of object, and words its errors.

    group: of the entry points that declare it. advice: how a name is written. arguments: what its
    class or function is called with, as in "made without arguments". error: what is raised where
    a name leads to no such object.
    """

    kind: str
    group: str
    built_in: Iterable[str]  # names
    advice: str
    arguments: str
    error: type[ActsearchError]

    def load(self, name: str) -> object:
        """The object that a name stands for: of a module of the current directory, or installed.

        Raises `error` where it cannot be imported or is not there; UnknownNameError for a name
        without a colon that no installed package declares.
        """
        module, colon, attribute = name.partition(":")
        if not colon:
            declared = {point.name: point.value for point in entry_points(group=self.group)}
            if name not in declared:
                known = (*self.built_in, *declared)
                raise UnknownNameError(f"{self.kind} ({self.advice})", name, known)
            module, _, attribute = declared[name].partition(":")
        return self._attribute(name, self._module(name, module), attribute)

    def make(self, name: str, factory: Callable[..., T], *arguments: object) -> T:
        """The result of a class or function; raises `error` where the call fails."""
        try:
            return factory(*arguments)
        except ActsearchError as error:
            raise self.error(f"{self.kind} {name}: {error}") from error
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                raise self._failed(name, f"{name}()", error) from error  # from within
            raise self.error(
                f"{self.kind} {name} must be made {self.arguments}: {error}; write a function "
                f"{self.arguments} that returns it"
            ) from error
        except Exception as error:
            raise self._failed(name, f"{name}()", error) from error

    def _module(self, name: str, path: str) -> ModuleType:
        here = os.getcwd()
        if here not in sys.path and "" not in sys.path:
            # As `python -m` has it, and left there: more of it may be imported later.
            sys.path.insert(0, here)
        try:
            return importlib.import_module(path)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{path}.".startswith(f"{error.name}."):
                raise self._failed(name, f"importing {path}", error) from error
            raise self.error(
                f"{self.kind} {name}: there is no module {path} in {here} or among the installed "
                f"packages; {self.advice}"
            ) from error
        except Exception as error:
            raise self._failed(name, f"importing {path}", error) from error

    def _attribute(self, name: str, module: ModuleType, path: str) -> object:
        value: object = module
        for part in path.split("."):
            if not part or not hasattr(value, part):
                known = [n for n in vars(value) if not n.startswith("_")] if part else []
                raise self.error(
                    f"{self.kind} {name}: the module has no '{path}'{nearest(path, known)}"
                )
            value = getattr(value, part)
        return value

    def _failed(self, name: str, action: str, error: Exception) -> ActsearchError:
        return self.error(
            f"{self.kind} {name}: {action} raised {type(error).__name__}: {error} "
            f"(--debug shows where)"
        )
