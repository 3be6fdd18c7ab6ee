"""The users part of the graph."""

from enum import Enum
from typing import Any, Self

import strawberry

from services.kit.types import ID, CountryCode, DateTime, EmailAddress, Locale, PhoneNumber
from services.users.subgraph import backend

Info = strawberry.Info[Any, Any]


@strawberry.enum(description="Who set a privacy setting last.")
class PrivacySource(Enum):
    DEFAULT = strawberry.enum_value("DEFAULT", description="Nobody: the default holds.")
    USER = strawberry.enum_value("USER", description="The user herself.")
    GPC = strawberry.enum_value("GPC", description="Her browser, by the Global Privacy Control signal.")
    ADMIN = strawberry.enum_value("ADMIN", description="Support, on her behalf.")


@strawberry.type(description="What may be done with a user's data.")
class PrivacySettings:
    do_not_sell: bool = strawberry.field(description="True: her data is left out of exports for sale or sharing.")
    source: PrivacySource = strawberry.field(description="Who set it last.")
    updated_at: DateTime = strawberry.field(description="When it was set.")


@strawberry.federation.type(keys=["id"], description="A person, or a service account, known by the identity provider.")
class User:
    id: ID = strawberry.field(description="Opaque id.")
    global_user_id: str = strawberry.field(description="The identity provider's id of the account.")
    member_id: str | None = strawberry.field(description="The membership that the identity provider vouches for.")
    email: EmailAddress | None = strawberry.field(description="Email address, for herself and holders of PII_READ.")
    phone: PhoneNumber | None = strawberry.field(description="Confirmed phone number, for herself and holders of PII_READ.")
    phone_verified_at: DateTime | None = strawberry.field(description="When she confirmed the phone number.")
    display_name: str | None = strawberry.field(description="Name, for herself and holders of PII_READ.")
    locale: Locale | None = strawberry.field(description="The language she reads best.")
    country: CountryCode | None = strawberry.field(description="Where she lives.")
    privacy: PrivacySettings = strawberry.field(description="What may be done with her data.")
    created_at: DateTime = strawberry.field(description="When she was first seen.")

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        user = await info.context.user_by_id.load(id)
        return None if user is None else cls.of(user)

    @classmethod
    def of(cls, user: backend.User) -> Self:
        """The graph's view of what the User Service answered."""
        return cls(
            id=ID(user.id),
            global_user_id=user.global_user_id,
            member_id=user.member_id,
            email=user.email and EmailAddress(user.email),
            phone=user.phone and PhoneNumber(user.phone),
            phone_verified_at=user.phone_verified_at and DateTime(user.phone_verified_at),
            display_name=user.display_name,
            locale=user.locale and Locale(user.locale),
            country=user.country and CountryCode(user.country),
            privacy=PrivacySettings(
                do_not_sell=user.do_not_sell,
                source=PrivacySource(user.privacy_source),
                updated_at=DateTime(user.privacy_updated_at),
            ),
            created_at=DateTime(user.created_at),
        )
