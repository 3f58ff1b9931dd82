"""A wrong input and what `crease` must make of it."""
import dataclasses
import typing


@dataclasses.dataclass
class Case:
    """Runs `crease WORDS` in a directory of its own, which holds good.toml (a sweep of two runs)
    and good/ (a store with both). Standard error must name a remedy, standard output stay empty,
    and no file be made or changed besides those that match `leaves`."""

    name: str
    words: typing.List[typing.Union[str, bytes]]
    code: typing.Union[int, typing.Tuple[int, ...]]  # the exit codes that are right
    says: typing.List[str]  # regular expressions, each found in standard error
    files: typing.Dict[str, typing.Union[str, bytes]] = dataclasses.field(default_factory=dict)
    directories: typing.List[str] = dataclasses.field(default_factory=list)
    # Further preparation, in the directory. May return a function that undoes it; raises Skip.
    prepare: typing.Optional[typing.Callable] = None
    leaves: str = "nothing"
    # "nobody" (a user without rights), "small memory", "small files", "full stdout".
    circumstances: str = ""
    prints: bool = False  # standard output need not stay empty


class Skip(Exception):
    """The circumstances of a case cannot be had on this machine."""
