"""The documents of the journey's staff, which are their frontends', and what nobody but the journey asks."""

from scripts.devtools.settings import ROOT


def _frontends(name: str) -> str:
    return (ROOT / "gateway-config" / "operations" / "admin" / f"{name}.graphql").read_text()


DESK = _frontends("desk")
CAMPAIGN_EDITOR = _frontends("campaign_editor")
UPSERT_PROMOTER = _frontends("upsert_promoter")
CREATE_UPLOAD = _frontends("create_upload")
UPLOAD = _frontends("upload")
UPDATE_CAMPAIGN = _frontends("update_campaign")
SET_CONTENT = _frontends("set_campaign_content")
SET_GATE = _frontends("set_gate")
METRICS = _frontends("campaign_metrics")
CREATE_WAVE = _frontends("create_wave")
PREVIEW = _frontends("preview_selection")
COMMIT_WAVE = _frontends("commit_wave")
RUN_SELECTION = _frontends("run_selection")
FINALIZE_WAVE = _frontends("finalize_wave")
WAVE = _frontends("wave")
WAVE_SELECTIONS = _frontends("wave_selections")
VERIFY_DRAW = _frontends("verify_draw")
CREATE_POOL = _frontends("create_code_pool")
CODE_POOLS = _frontends("code_pools")
IMPORT_CODES = _frontends("import_codes")
CODE_IMPORT = _frontends("code_import")
ASSIGN_CODES = _frontends("assign_codes")
DISTRIBUTION = _frontends("code_distribution")
ENTRIES = _frontends("entries")
START_EXPORT = _frontends("start_export")
CANCEL_EXPORT = _frontends("cancel_export")
EXPORT_JOB = _frontends("export_job")

CODES_OF_ENTRY = "query CodesOfEntry($id: ID!) { entry(id: $id) { id accessCodes { id value } } }"
CODE_BY_ID = "query CodeById($id: ID!) { accessCode(id: $id) { id masked value } }"
ENTRANT_OF = "query EntrantOf($id: ID!) { entry(id: $id) { state user { id } } }"
