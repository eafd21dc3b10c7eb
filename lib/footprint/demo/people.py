"""The invented people of the demo organisation. Any likeness to living persons is chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ORGANISATION: Final = "Meadow & Finch (demo)"
DOMAIN: Final = "demo.test"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the organisation.

    Args:
        name: full name.
        team: one of the five teams.
        joined: month of the demo, from 0, in which the person began; nothing is theirs before.
        role: what the person may see.
        email: given where it does not follow from the name.
    """

    name: str
    team: str
    joined: int = 0
    role: Literal["member", "admin", "finance"] = "member"
    given_email: str = ""

    @property
    def user_id(self) -> str:
        """The id that requests carry."""
        return f"demo-{self.name.lower().replace(' ', '.')}"

    @property
    def email(self) -> str:
        """The e-mail address, in a domain that cannot exist."""
        return self.given_email or f"{self.name.lower().replace(' ', '.')}@{DOMAIN}"


ENGINEERING: Final = "Engineering"
SUPPORT: Final = "Customer support"
PRODUCT: Final = "Product"
MARKETING: Final = "Marketing"
OPERATIONS: Final = "Finance and operations"

# In order of use: the first asks most, the n-th 1/n^0.8 of that.
PEOPLE: Final = (
    Person("Ravi Castellan", ENGINEERING),
    Person("Noor Haddix", SUPPORT),
    Person("Ines Moreau", PRODUCT),
    Person("Tomas Eklund", ENGINEERING),
    Person("Amara Osei", SUPPORT),
    Person("Lena Brandvik", MARKETING),
    Person("Maya Lindqvist", ENGINEERING, given_email=f"member@{DOMAIN}"),
    Person("Julian Ferro", ENGINEERING),
    Person("Sofia Almeida", SUPPORT, 2),
    Person("Pieter Vandael", PRODUCT),
    Person("Hana Kobayashi", ENGINEERING, 3),
    Person("Clara Weidmann", MARKETING),
    Person("Adrian Okafor", OPERATIONS, 0, "admin", f"admin@{DOMAIN}"),
    Person("Yusuf Demirel", SUPPORT),
    Person("Elsa Rantanen", ENGINEERING),
    Person("Marco Tedesco", PRODUCT, 4),
    Person("Priya Raman", ENGINEERING),
    Person("Olga Sidorenko", SUPPORT),
    Person("Fiona Marchetti", OPERATIONS, 0, "finance", f"finance@{DOMAIN}"),
    Person("Jonas Hartvig", ENGINEERING, 5),
    Person("Camille Durand", MARKETING),
    Person("Wei Zhang", ENGINEERING),
    Person("Beatriz Lobo", PRODUCT),
    Person("Samuel Adeyemi", SUPPORT, 1),
    Person("Katarzyna Wolska", PRODUCT),
    Person("Daniel Roux", ENGINEERING, 6),
    Person("Ingrid Solheim", OPERATIONS),
    Person("Omar Bennani", SUPPORT),
    Person("Lucia Ferrante", MARKETING, 7),
    Person("Henrik Dahl", PRODUCT),
    Person("Aoife Kinsella", ENGINEERING, 8),
    Person("Nikos Pavlou", PRODUCT),
    Person("Greta Lang", MARKETING),
    Person("Mateo Quiroga", SUPPORT, 9),
    Person("Zeynep Aksoy", OPERATIONS),
    Person("Emil Nystrom", ENGINEERING),
    Person("Rosa Capdevila", MARKETING),
    Person("Viktor Hallgren", PRODUCT, 8),
    Person("Leila Mansour", SUPPORT),
    Person("Arthur Bellweather", OPERATIONS),
)
ACCOUNTS: Final = tuple(p for p in PEOPLE if p.given_email)
