"""Every mutation of the graph, by what the audit log must know of it.

A new mutation goes into one of the three: FANS_OWN, READING, or STEPS, which are played in their order on the world of
`tests/contract/permissions/world.py`. `<name>` in an input stands for the id of one of its things; `keep` names what
the step makes.
"""

from dataclasses import dataclass

FANS_OWN = {
    "users": {
        "startPhoneVerification",
        "confirmPhoneVerification",
        "startAccountLink",
        "linkAccount",
        "unlinkAccount",
        "verifyCard",
        "removeCard",
        "verifyIdentity",
        "revokeIdentity",
        "recordConsent",
        "updateProfile",
        "updatePrivacySettings",
        "requestPersonalData",
        "requestErasure",
    },
    "campaigns": set[str](),
    "entries": {"submitEntry", "updateEntryPreferences", "withdrawEntry", "appealEntry"},
    "codes": set[str](),
}
"""What people do with what is theirs: nobody's business but theirs."""

READING = {"users": set[str](), "campaigns": set[str](), "entries": {"previewSelection"}, "codes": set[str]()}
"""Mutations by name that write nothing."""


@dataclass(frozen=True)
class Step:
    """A mutation by `persona` that must succeed and leave one event about `target`, a thing's name.

    `makes` selects what it makes, its id last; `work` says which service's jobs are to be run afterwards.
    """

    service: str
    mutation: str
    input: str
    target: str
    makes: str = ""
    persona: str = "owner"
    work: str | None = None


WINDOW = '{ opensAt: "2031-01-01T00:00:00Z", closesAt: "2031-02-01T00:00:00Z" }'
NEW_CAMPAIGN = f"""{{ teamId: <team>, slug: "audited", defaultLocale: "en-US", countries: [US], registration: {WINDOW},
    contents: [{{ locale: "en-US", title: "Audited" }}] }}"""
NEW_EVENT = f"""{{ campaignId: <fresh>, marketId: <new-market>, name: "Night 1", startsAt: "2032-06-01T00:00:00Z",
    presale: {WINDOW.replace("2031", "2032")}, allocation: 5 }}"""
NEW_UPLOAD = (
    '{ purpose: HERO_IMAGE, campaignId: <fresh>, filename: "a.png", contentType: "image/png", byteSize: 9 }'
)
CREATED = "... on CampaignCreated { campaign { id } }"
WAVE = '{ campaignId: <campaign>, name: "Again", strategy: FIRST_COME, reassignment: ALLOW_MULTIPLE }'
WAVE_CREATED = "... on WaveCreated { wave { id } }"
EXPORT = "{ campaignId: <campaign>, kind: ENTRIES, format: CSV, purpose: INTERNAL }"
EXPORT_STARTED = "... on ExportStarted { job { id } }"
WEBHOOK = '{ teamId: <team>, url: "https://partner.example/audited", events: [CODE_REDEEMED] }'
IMPORTED = "... on CodeImportStarted { import { id } }"

STEPS = [
    Step("users", "createTeam", '{ name: "Second" }', "second", "... on TeamCreated { team { id } }"),
    Step("users", "addTeamMember", "{ teamId: <team>, userId: <another-fan> }", "membership",
         "... on TeamMemberAdded { binding { id } }"),
    Step("users", "joinTeam", "{ teamId: <team> }", "team", persona="another-fan"),
    Step("users", "grantRole", "{ teamId: <team>, userId: <another-fan>, role: ANALYST }", "grant",
         "... on RoleGranted { binding { id } }", persona="admin"),
    Step("users", "revokeRole", "{ id: <grant> }", "grant", persona="admin"),
    Step("users", "removeTeamMember", "{ teamId: <team>, userId: <another-fan> }", "another-fan"),
    Step("campaigns", "createCampaign", NEW_CAMPAIGN, "fresh", CREATED, persona="editor"),
    Step("campaigns", "cloneCampaign", '{ id: <campaign>, slug: "cloned" }', "clone",
         "... on CampaignCloned { campaign { id } }"),
    Step("campaigns", "updateCampaign", "{ id: <fresh>, expectedVersion: 1, countries: [US, CA] }", "fresh"),
    Step("campaigns", "setCampaignContent", '{ id: <fresh>, locale: "fr-CA", title: "Vérifiée" }', "fresh"),
    Step("campaigns", "setGate", "{ id: <fresh>, gate: { phone: true } }", "fresh"),
    Step("campaigns", "upsertMarket", '{ campaignId: <fresh>, name: "Boston", country: US }', "new-market",
         "... on MarketUpserted { market { id } }"),
    Step("campaigns", "upsertEvent", NEW_EVENT, "new-event", "... on EventUpserted { event { id } }"),
    Step("campaigns", "upsertPromoter", '{ teamId: <team>, name: "New", legalName: "New Ltd", defaultLocale: "en-GB" }',
         "new-promoter", "... on PromoterUpserted { promoter { id } }", persona="editor"),
    Step("campaigns", "createUpload", NEW_UPLOAD, "new-upload", "... on UploadCreated { upload { id } }",
         persona="editor"),
    Step("codes", "createCodePool", "{ eventId: <new-event> }", "new-pool", "... on CodePoolCreated { pool { id } }",
         persona="code-manager"),
    Step("codes", "generateCodes", "{ poolId: <pool>, count: 3 }", "pool"),
    Step("codes", "importCodes", '{ poolId: <pool>, csv: "code\\nZZZZ2345YYYY" }', "new-import", IMPORTED,
         work="codes"),
    Step("codes", "revealCode", "{ selectionId: <selection> }", "code", persona="support"),
    Step("campaigns", "removeEvent", "{ id: <new-event> }", "new-event"),
    Step("campaigns", "removeMarket", "{ id: <new-market> }", "new-market"),
    Step("campaigns", "transitionCampaign", "{ id: <fresh>, to: CANCELLED, expectedVersion: 8 }", "fresh"),
    Step("entries", "createWave", WAVE, "again", WAVE_CREATED, persona="selection-manager"),
    Step("entries", "commitWave", "{ waveId: <again> }", "again"),
    Step("entries", "runSelection", "{ waveId: <again> }", "again", work="entries"),
    Step("entries", "finalizeWave", "{ waveId: <again> }", "again"),
    Step("codes", "assignCodes", "{ waveId: <again> }", "new-distribution",
         "... on CodesAssignmentStarted { distribution { id } }", work="codes"),
    Step("codes", "resendCode", "{ codeId: <new-code> }", "new-code", persona="code-manager"),
    Step("codes", "voidCode", '{ codeId: <new-code>, reason: "Lost" }', "new-code", persona="code-manager"),
    Step("codes", "reissueCode", '{ codeId: <new-code>, reason: "Lost" }', "new-code", persona="code-manager"),
    Step("codes", "reportRedemption", '{ code: <replacement-value>, platform: "shop", externalId: "2" }',
         "replacement"),
    Step("codes", "createWebhook", WEBHOOK, "new-webhook", "... on WebhookCreated { webhook { id } }",
         persona="code-manager"),
    Step("codes", "updateWebhook", "{ id: <new-webhook>, active: false }", "new-webhook"),
    Step("codes", "rotateWebhookSecret", "{ id: <new-webhook> }", "new-webhook"),
    Step("codes", "deleteWebhook", "{ id: <new-webhook> }", "new-webhook"),
    Step("codes", "redeliverWebhook", "{ webhookId: <webhook>, eventId: <webhook-event> }", "webhook-event"),
    Step("entries", "createWave", WAVE, "called-off", WAVE_CREATED),
    Step("entries", "cancelWave", "{ waveId: <called-off> }", "called-off"),
    Step("entries", "importScores", "{ campaignId: <campaign>, uploadId: <scores> }", "again-scored",
         "... on ScoreImportStarted { import { id } }", persona="selection-manager", work="entries"),
    Step("entries", "setReviewThreshold", "{ campaignId: <campaign>, belowScore: 0.02 }", "campaign"),
    Step("entries", "reviewEntry", "{ id: <entry>, decision: HOLD }", "entry", persona="selection-manager"),
    Step("entries", "startExport", EXPORT, "new-export", EXPORT_STARTED, persona="analyst"),
    Step("entries", "cancelExport", "{ id: <new-export> }", "new-export", persona="analyst"),
]  # fmt: skip
