"""The operations of the journey, as frontends would write them."""

SET_UP = """
query SetUp($id: ID!) { campaign(id: $id) { state locales markets { venue { name } events { id } } } }
"""

TEAM = "query Team { viewer { teams { id } } }"

UPSERT_PROMOTER = """
mutation Promoter($input: UpsertPromoterInput!) {
  upsertPromoter(input: $input) { __typename ... on PromoterUpserted { promoter { id } } ... on Error { code message } }
}
"""

CREATE_UPLOAD = """
mutation Upload($input: CreateUploadInput!) {
  createUpload(input: $input) {
    __typename ... on UploadCreated { upload { id state uploadUrl } } ... on Error { code message }
  }
}
"""

UPLOAD = "query Upload($id: ID!) { upload(id: $id) { id state failure } }"

UPDATE_CAMPAIGN = """
mutation Update($input: UpdateCampaignInput!) {
  updateCampaign(input: $input) { __typename ... on Error { code message } }
}
"""

SET_CONTENT = """
mutation Content($input: SetCampaignContentInput!) {
  setCampaignContent(input: $input) { __typename ... on Error { code message } }
}
"""

LOOKS = """
query Looks($id: ID!) {
  campaign(id: $id) { version heroImage fanDataSharedWith content(locale: "en-US") { title bodyHtml } }
}
"""

SUBMIT = """
mutation Submit($input: SubmitEntryInput!) {
  submitEntry(input: $input) {
    __typename
    ... on EntrySubmitted { entry { id state } }
    ... on AlreadyEntered { entry { id state } }
    ... on GateUnmet { reasons { code } }
    ... on Error { code message }
  }
}
"""

START_VERIFICATION = """
mutation Start($input: StartPhoneVerificationInput!) {
  startPhoneVerification(input: $input) {
    __typename ... on PhoneVerificationStarted { verificationId } ... on Error { code message }
  }
}
"""

CONFIRM_VERIFICATION = """
mutation Confirm($input: ConfirmPhoneVerificationInput!) {
  confirmPhoneVerification(input: $input) { __typename ... on Error { code message } }
}
"""

METRICS = """
query Metrics($id: ID!) {
  campaign(id: $id) { metrics { registrations selected byState { state count } } }
}
"""

CREATE_WAVE = """
mutation CreateWave($input: CreateWaveInput!) {
  createWave(input: $input) {
    __typename
    ... on WaveCreated { wave { id state } }
    ... on Error { code message }
  }
}
"""

PREVIEW = """
mutation Preview($input: PreviewSelectionInput!) {
  previewSelection(input: $input) {
    __typename
    ... on SelectionPreview { eligible selected }
    ... on Error { code message }
  }
}
"""

COMMIT_WAVE = """
mutation Commit($input: CommitWaveInput!) {
  commitWave(input: $input) {
    __typename
    ... on WaveCommitted { wave { id state draw { rosterRoot seedCommitment seed } } }
    ... on Error { code message }
  }
}
"""

RUN_SELECTION = """
mutation Run($input: RunSelectionInput!) {
  runSelection(input: $input) { __typename ... on Error { code message } }
}
"""

FINALIZE_WAVE = """
mutation Finalize($input: FinalizeWaveInput!) {
  finalizeWave(input: $input) {
    __typename
    ... on WaveFinalized { wave { id state } }
    ... on Error { code message }
  }
}
"""

WAVE_JOB = """
query WaveJob($id: ID!) { wave(id: $id) { state job { state failure } } }
"""

WAVE_SELECTIONS = """
query WaveSelections($id: ID!, $after: String) {
  wave(id: $id) {
    capacities { event { id } capacity selected }
    selections(first: 100, after: $after) {
      nodes {
        id preferenceRank market { id } event { id }
        entry { id ticketQuantity preferences { rank market { id } } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

VERIFY_DRAW = """
query Verify($id: ID!) { verifyDraw(waveId: $id) { valid } }
"""

DRAW_FILE = "query DrawFile($id: ID!) { wave(id: $id) { drawFileUrl } }"

CREATE_POOL = """
mutation Pool($input: CreateCodePoolInput!) {
  createCodePool(input: $input) {
    __typename
    ... on CodePoolCreated { pool { id } }
    ... on Error { code message }
  }
}
"""

IMPORT_CODES = """
mutation Import($input: ImportCodesInput!) {
  importCodes(input: $input) {
    __typename
    ... on CodeImportStarted { import { id } }
    ... on Error { code message }
  }
}
"""

CODE_IMPORT = """
query CodeImport($id: ID!) {
  codeImport(id: $id) { state failure accepted duplicates malformed errors(first: 50) { line code message } }
}
"""

ASSIGN_CODES = """
mutation Assign($input: AssignCodesInput!) {
  assignCodes(input: $input) {
    __typename
    ... on CodesAssignmentStarted { replayed distribution { id } }
    ... on Error { code message }
  }
}
"""

DISTRIBUTION = """
query Distribution($id: ID!) { codeDistribution(id: $id) { state failure assigned } }
"""

TOLD = "query Told($id: ID!) { wave(id: $id) { distribution { delivered } } }"

POOL_COUNTS = """
query Counts($id: ID!) {
  campaign(id: $id) {
    events { id codePool { counts { total available reserved assigned redeemed expired voided } } }
  }
}
"""

FAN_PAGE = """
query FanPage($id: ID!, $locale: Locale) {
  viewer { id }
  campaign(id: $id) {
    content(locale: $locale) { locale title }
    viewerEntry {
      id
      state
      selections { market { name } event { id name } accessCode { id state value } }
      accessCodes { id value event { name } }
    }
  }
}
"""

ENTRY_BY_ID = "query EntryById($id: ID!) { entry(id: $id) { id accessCodes { id value } } }"

CODE_BY_ID = "query CodeById($id: ID!) { accessCode(id: $id) { id masked value } }"

ENTRANT = """
query Entrant($id: ID!) { campaign(id: $id) { entries(first: 1) { nodes { id user { email } } } } }
"""

START_EXPORT = """
mutation Export($input: StartExportInput!) {
  startExport(input: $input) {
    __typename
    ... on ExportStarted { job { id } }
    ... on Error { code message }
  }
}
"""

CANCEL_EXPORT = """
mutation CancelExport($input: CancelExportInput!) {
  cancelExport(input: $input) {
    __typename
    ... on ExportCancelled { job { id } }
    ... on Error { code message }
  }
}
"""

EXPORT_JOB = """
query ExportJob($id: ID!) { exportJob(id: $id) { state failure rowCount byteSize sha256 downloadUrl } }
"""

SET_GATE = """
mutation SetGate($input: SetGateInput!) {
  setGate(input: $input) { __typename ... on Error { code message } }
}
"""

LINK_ACCOUNT = """
mutation LinkAccount($input: LinkAccountInput!) {
  linkAccount(input: $input) { __typename ... on Error { code message } }
}
"""

UNLINK_ACCOUNT = """
mutation UnlinkAccount($input: UnlinkAccountInput!) {
  unlinkAccount(input: $input) { __typename ... on Error { code message } }
}
"""

VERIFY_CARD = """
mutation VerifyCard($input: VerifyCardInput!) {
  verifyCard(input: $input) { __typename ... on Error { code message } }
}
"""

VERIFY_IDENTITY = """
mutation VerifyIdentity($input: VerifyIdentityInput!) {
  verifyIdentity(input: $input) { __typename ... on Error { code message } }
}
"""

REQUEST_ERASURE = """
mutation Erase($input: RequestErasureInput!) {
  requestErasure(input: $input) {
    __typename ... on ErasureRequested { request { id } } ... on Error { code message }
  }
}
"""

PRIVACY_REQUEST = """
query Erased($id: ID!) { privacyRequest(id: $id) { state failure receipts { service state digest } } }
"""

ENTRANT_OF = "query EntrantOf($id: ID!) { entry(id: $id) { state user { id } } }"
