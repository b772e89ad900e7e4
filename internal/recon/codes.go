package recon

// The codes that callers meet, each with its meaning and the way out; docs/errors.md is made from these blocks and
// their comments. A code is stable: programs act on it, people read the message. In parentheses is the status with
// which a code comes as that of a whole answer; one without comes only with a field, a row, a run or a replay.

// Codes of a caller who is not let in.
const (
	// CodeTokenMissing (401): The request has no token. Send Authorization: Bearer and the token.
	CodeTokenMissing = "TOKEN_MISSING"
	// CodeTokenExpired (401): The token's time is over. Get a new one and repeat the request.
	CodeTokenExpired = "TOKEN_EXPIRED"
	// CodeTokenInvalid (401): The token is malformed, wrongly signed or meant for another service. Get one from the
	// issuer that this installation trusts.
	CodeTokenInvalid = "TOKEN_INVALID"
	// CodeTokenRevoked (401): The token was revoked. Get a new one, if that is still allowed.
	CodeTokenRevoked = "TOKEN_REVOKED"
	// CodeTenantClaimMissing (401): The token names no tenant. Get one with the claim tenantId.
	CodeTenantClaimMissing = "TENANT_CLAIM_MISSING"
	// CodeTenantClaimInvalid (401): The token's tenant is no lower-case UUID, or its two claims differ. Correct what
	// issues the token.
	CodeTenantClaimInvalid = "TENANT_CLAIM_INVALID"
	// CodeTenantMismatch (403): The installation has one tenant and the token names another. Use a token of this one.
	CodeTenantMismatch = "TENANT_MISMATCH"
	// CodeAPIKeyInvalid (401): The API key is missing, unknown or sent twice. Send one X-API-Key.
	CodeAPIKeyInvalid = "API_KEY_INVALID"
	// CodeScopeRequired (403): The API key is good and lacks the scope that the message names. Make one that has it.
	CodeScopeRequired = "SCOPE_REQUIRED"
	// CodeRoleRequired (403): The token is good and lacks the role that the message names. Ask an administrator for it.
	CodeRoleRequired = "ROLE_REQUIRED"
	// CodeAccessLimited (403): The list holds what happens in all contexts, and the access list of one of them leaves
	// the caller out. Ask an administrator to list you there.
	CodeAccessLimited = "ACCESS_LIMITED"
	// CodeRateLimited (429): More requests came than the tenant or the caller may send. Wait for Retry-After.
	CodeRateLimited = "RATE_LIMITED"
)

// Codes of any request.
const (
	// CodeRequestUnreadable (400): The path, the query, a header or the JSON cannot be read. Correct what errors names.
	CodeRequestUnreadable = "REQUEST_UNREADABLE"
	// CodeValidationFailed (422): Some values cannot be used. Correct those that errors names.
	CodeValidationFailed = "VALIDATION_FAILED"
	// CodeMediaTypeUnknown (415): The body has another type than the path takes. Send application/json.
	CodeMediaTypeUnknown = "MEDIA_TYPE_UNKNOWN"
	// CodeContentEncodingUnknown (400): The body is sent compressed or otherwise encoded. Send it without
	// Content-Encoding.
	CodeContentEncodingUnknown = "CONTENT_ENCODING_UNKNOWN"
	// CodeMultipartUnreadable (400): The form does not hold exactly one file, or is broken. Send one file part.
	CodeMultipartUnreadable = "MULTIPART_UNREADABLE"
	// CodeBodyTooLarge (413): The body is over the limit that the message names. Send less at a time.
	CodeBodyTooLarge = "BODY_TOO_LARGE"
	// CodeBodyTooSlow (408): The body came too slowly and was given up; nothing is stored. Send it again on a faster
	// line.
	CodeBodyTooSlow = "BODY_TOO_SLOW"
	// CodeBodyIncomplete (400): The connection ended in the middle of the body; nothing is stored. Send it again.
	CodeBodyIncomplete = "BODY_INCOMPLETE"
	// CodeNotFound (404): There is no such thing, or it is another tenant's. Check the path and the id.
	CodeNotFound = "NOT_FOUND"
	// CodeMethodNotAllowed (405): The path exists and does not take this method. Use one of the header Allow.
	CodeMethodNotAllowed = "METHOD_NOT_ALLOWED"
	// CodeBadCursor (400): The cursor is not one that this list gave. Start again with the first page.
	CodeBadCursor = "BAD_CURSOR"
	// CodeIfMatchUnreadable (400): If-Match holds no version. Send the ETag of the last read, such as "3".
	CodeIfMatchUnreadable = "IF_MATCH_UNREADABLE"
	// CodeStaleVersion (412): If-Match names an older version than the stored one. Read it again and repeat the change.
	CodeStaleVersion = "STALE_VERSION"
	// CodeChangedMeanwhile (409): Another request changed the same at the same moment. Read it again, then repeat.
	CodeChangedMeanwhile = "CHANGED_MEANWHILE"
	// CodeIdempotencyKeyInvalid (400): The idempotency key is empty, too long, no text, or two different ones are sent.
	// Send one key of 1 to 200 bytes.
	CodeIdempotencyKeyInvalid = "IDEMPOTENCY_KEY_INVALID"
	// CodeIdempotencyKeyReused (422): The idempotency key was used with another body. Take a new key for a new request.
	CodeIdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED"
	// CodeIdempotencyInFlight (409): The first request with this idempotency key is still at work. Repeat it later with
	// the same key.
	CodeIdempotencyInFlight = "IDEMPOTENCY_IN_FLIGHT"
	// CodeNameTaken (409): Another thing of this kind has the name, the id or the slug. Choose another.
	CodeNameTaken = "NAME_TAKEN"
	// CodePriorityTaken (409): Another rule of the context has the priority. Choose another.
	CodePriorityTaken = "PRIORITY_TAKEN"
	// CodeIDUnknown (422): An id in the body names nothing of this context, or one thing twice. Correct the id
	// that errors names.
	CodeIDUnknown = "ID_UNKNOWN"
	// CodeInUse (409): Something that the message names still needs it, so it stays. Change that first.
	CodeInUse = "IN_USE"
	// CodeLimitReached (409): The context has as many of these as it may. Delete one first.
	CodeLimitReached = "LIMIT_REACHED"
	// CodeNumbersExhausted (409): The tenant has used up its numbers for contexts or sources. Use the existing ones.
	CodeNumbersExhausted = "NUMBERS_EXHAUSTED"
	// CodeContextInactive (409): The context is paused or archived. Activate it first.
	CodeContextInactive = "CONTEXT_INACTIVE"
	// CodeFetchPaused (409): The fetch of the source is paused. Put it without paused first.
	CodeFetchPaused = "FETCH_PAUSED"
	// CodeSecretsKeyMissing (409): Credentials are kept only under a key, and there is none, or another one sealed
	// them. Set MATCHER_SECRETS_KEY.
	CodeSecretsKeyMissing = "SECRETS_KEY_MISSING"
	// CodeBootOnly (409): The setting is read when a process starts. Change its environment variable and restart.
	CodeBootOnly = "BOOT_ONLY"
)

// Codes of a service that cannot answer now.
const (
	// CodeInternal (500): A fault of Matcher; the log has its cause. Report it with the request id.
	CodeInternal = "INTERNAL"
	// CodeClientGone (499): The caller closed the connection before the answer; only the access log has this. Raise the
	// caller's timeout if it happens often.
	CodeClientGone = "CLIENT_GONE"
	// CodeTimeout (503): The request or a statement in the database took too long. Repeat it, or ask for less.
	CodeTimeout = "TIMEOUT"
	// CodeBusy (503): This process does as many of these at once as it may. Repeat it after Retry-After.
	CodeBusy = "BUSY"
	// CodeTryAgain (503): Another change got in the way and nothing was stored. Repeat the request.
	CodeTryAgain = "TRY_AGAIN"
	// CodeOutcomeUnknown (503): The connection broke while the change was being committed. Repeat it with the same
	// idempotency key, or read what is stored.
	CodeOutcomeUnknown = "OUTCOME_UNKNOWN"
	// CodeDraining (503): The process is stopping. Repeat the request; another process answers it.
	CodeDraining = "DRAINING"
	// CodeDatabaseUnavailable (503): The database does not answer or takes no more connections. Check the server.
	CodeDatabaseUnavailable = "DATABASE_UNAVAILABLE"
	// CodeDatabaseFull (503): The database's disk is full. Give it space.
	CodeDatabaseFull = "DATABASE_FULL"
	// CodeDiskFull (503): The disk that uploads are written to is full. Give it space.
	CodeDiskFull = "DISK_FULL"
	// CodeObjectsUnavailable (503): The store of files does not answer or is full; nothing is stored. Check
	// MATCHER_OBJECTS and repeat.
	CodeObjectsUnavailable = "OBJECTS_UNAVAILABLE"
	// CodePlaceUnavailable: The folder, bucket or server of a fetch cannot be read; it is tried again. Check its
	// address, credentials and rights.
	CodePlaceUnavailable = "PLACE_UNAVAILABLE"
	// CodeClockSkewed (503): This machine's clock is far from the database's. Let a time server set both.
	CodeClockSkewed = "CLOCK_SKEWED"
	// CodeAuthKeysUnavailable (503): The issuer's public keys cannot be fetched. Check AUTH_JWKS_URL and the issuer.
	CodeAuthKeysUnavailable = "AUTH_KEYS_UNAVAILABLE"
	// CodeTenantManagerUnavailable (503): The tenant manager does not answer and nothing is cached. Check
	// MULTI_TENANT_URL and the manager.
	CodeTenantManagerUnavailable = "TENANT_MANAGER_UNAVAILABLE"
	// CodeTenantConfigInvalid (503): The tenant manager answered for another tenant. Check the manager.
	CodeTenantConfigInvalid = "TENANT_CONFIG_INVALID"
	// CodeTenantProvisioning (503): The tenant's schema is being made. Repeat the request after Retry-After.
	CodeTenantProvisioning = "TENANT_PROVISIONING"
	// CodeTenantQuarantined (503): The last migration of the tenant's schema failed. The log has the cause; migrate the
	// tenant again.
	CodeTenantQuarantined = "TENANT_QUARANTINED"
	// CodeTenantBusy (503): All of the tenant's connections are in use. Repeat the request, or raise its connections.
	CodeTenantBusy = "TENANT_BUSY"
)

// Codes of tenants and their lives.
const (
	// CodeTenantExists (409): A tenant with this id is there already. Take another id, or change that one.
	CodeTenantExists = "TENANT_EXISTS"
	// CodeTenantSuspended (403): The tenant is suspended. An administrator resumes it.
	CodeTenantSuspended = "TENANT_SUSPENDED"
	// CodeTenantDeleted (409): The tenant is deleted. Restore it first.
	CodeTenantDeleted = "TENANT_DELETED"
	// CodeTenantNotDue (409): The tenant is not deleted, or its days of grace are not over. Delete it, and wait.
	CodeTenantNotDue = "TENANT_NOT_DUE"
	// CodeTenantPurging (409): The tenant's data is being erased. It cannot come back; make a new tenant.
	CodeTenantPurging = "TENANT_PURGING"
	// CodeTenantPermanent (409): The default tenant cannot be deleted. Suspend it, or make another the default.
	CodeTenantPermanent = "TENANT_PERMANENT"
	// CodeTenantsElsewhere (409): A tenant manager keeps the tenants. Change them there.
	CodeTenantsElsewhere = "TENANTS_ELSEWHERE"
)

// Codes of values in a request, a document or a row.
const (
	// CodeSyntax: The document is not readable YAML or JSON. Correct the line that the message names.
	CodeSyntax = "SYNTAX"
	// CodeUnknownField: The key is not one of this place. Correct its spelling; the message has the nearest one.
	CodeUnknownField = "UNKNOWN_FIELD"
	// CodeWrongType: The value is of another type, a text where a list is due say. Write it in the form
	// that the message names.
	CodeWrongType = "WRONG_TYPE"
	// CodeMissingValue: A value that is needed is empty or left out. Give it.
	CodeMissingValue = "MISSING_VALUE"
	// CodeInvalidValue (400): The value is not one of those allowed here. Take one that the message names.
	CodeInvalidValue = "INVALID_VALUE"
	// CodeDuplicate: The same key, name or id is given twice. Delete one.
	CodeDuplicate = "DUPLICATE"
	// CodeImpossible: The values exclude each other, so nothing can ever match. Change one of them.
	CodeImpossible = "IMPOSSIBLE"
	// CodeFieldTooLong (413): The text is longer than can be stored. Shorten it.
	CodeFieldTooLong = "FIELD_TOO_LONG"
	// CodeAmountUnreadable (400, 422): The text is no amount of its currency. Write it as 1234.56, or set decimal.
	CodeAmountUnreadable = "AMOUNT_UNREADABLE"
	// CodeAmountTooPrecise (422): The amount has more decimals than its currency. Round it at its origin.
	CodeAmountTooPrecise = "AMOUNT_TOO_PRECISE"
	// CodeAmountTooBig (422): The amount is over 9,223,372,036,854,775,807 minor units. Check column and currency.
	CodeAmountTooBig = "AMOUNT_TOO_BIG"
	// CodeSumTooBig (422): A sum does not fit in 64 bits. Split the rows over several groups or contexts.
	CodeSumTooBig = "SUM_TOO_BIG"
	// CodeDateUnreadable (422): The text is no day between 1900 and 2199. Write it as YYYY-MM-DD, or set dateFormat.
	CodeDateUnreadable = "DATE_UNREADABLE"
	// CodeCurrencyUnknown (422): The text is no ISO 4217 code. Write three capitals, EUR say.
	CodeCurrencyUnknown = "CURRENCY_UNKNOWN"
)

// Codes of a file that is refused whole.
const (
	// CodeFileTooLarge (413): The file is over the limit that the message names. Split it.
	CodeFileTooLarge = "FILE_TOO_LARGE"
	// CodeTooManyRows (413, 422): There are more rows than one file, run or back-test takes. Split the file or the
	// context, or narrow the period.
	CodeTooManyRows = "TOO_MANY_ROWS"
	// CodeTooManyColumns (413): A row has more columns than are read. Export fewer.
	CodeTooManyColumns = "TOO_MANY_COLUMNS"
	// CodeNoRows (422): The file is empty, or has no row that can be read. Check the export.
	CodeNoRows = "NO_ROWS"
	// CodeUnsupportedFormat (422): The file is a PDF, an archive or otherwise no text. Export it as CSV or JSON.
	CodeUnsupportedFormat = "UNSUPPORTED_FORMAT"
	// CodeUnknownFormat (422): No format has the name that was asked for. Take one that the message lists, or none.
	CodeUnknownFormat = "UNKNOWN_FORMAT"
	// CodeUnknownCharset (422): No character set has the name that was asked for. Take one that the message lists.
	CodeUnknownCharset = "UNKNOWN_CHARSET"
	// CodeHeaderNotFound (422): No line names the columns. Add one at the top.
	CodeHeaderNotFound = "HEADER_NOT_FOUND"
	// CodeTwoHeaders (422): Two lines may name the columns. Delete one, or say which counts by header.
	CodeTwoHeaders = "TWO_HEADERS"
	// CodeQuoteUnclosed (422): A quoted text never ends. Close it on the line that the message names.
	CodeQuoteUnclosed = "QUOTE_UNCLOSED"
	// CodeNotJSON (422): The file should be JSON and is not. Correct the line that the message names.
	CodeNotJSON = "NOT_JSON"
	// CodeFileCut (422): The file ends in the middle. Export or send it again, whole.
	CodeFileCut = "FILE_CUT"
	// CodeNoList (422): The JSON holds no list of objects. Write rows as [{…}, {…}] or one object a line.
	CodeNoList = "NO_LIST"
	// CodeSeveralLists (422): The JSON holds several lists of objects. Keep the one with the rows.
	CodeSeveralLists = "SEVERAL_LISTS"
)

// Codes of columns and field maps.
const (
	// CodeFieldMapInvalid (422): The field map cannot work, or does not fit the file. Correct what errors names.
	CodeFieldMapInvalid = "FIELD_MAP_INVALID"
	// CodeNotDetected (422): The columns do not show what they mean. Map the fields that errors names.
	CodeNotDetected = "NOT_DETECTED"
	// CodeTooManyRefused (422): More rows of the file cannot be read than are tolerated; nothing is stored. Correct the
	// file or its map, or raise maxRejected.
	CodeTooManyRefused = "TOO_MANY_REFUSED"
	// CodeBalanceContradicts (422): The running balance of the file contradicts how its amounts are read; nothing is
	// stored. Correct the file, or map the column that gives the amounts their sign.
	CodeBalanceContradicts = "BALANCE_CONTRADICTS"
	// CodeOtherAccount (422): The file is of another account than the source. Load it into the source of its account,
	// or correct the source's account.
	CodeOtherAccount = "OTHER_ACCOUNT"
	// CodeControlTotal (422): Figures of the file contradict each other, and the source refuses such files. Send the
	// file again, or set the source's controlTotals to KEEP.
	CodeControlTotal = "CONTROL_TOTAL"
	// CodeReadingQuestion (422): Something about the money of the file is open. Answer each question of errors: it
	// names the answers and the line of a map that gives each.
	CodeReadingQuestion = "READING_QUESTION"
	// CodeTwoColumns: Two columns with different values may be the same field. Map the one that counts.
	CodeTwoColumns = "TWO_COLUMNS"
	// CodeAmbiguousDate: The dates can be read in two ways. Set dateFormat.
	CodeAmbiguousDate = "AMBIGUOUS_DATE"
	// CodeAmbiguousDecimal: A point or comma may be of thousands or of decimals. Set decimal.
	CodeAmbiguousDecimal = "AMBIGUOUS_DECIMAL"
	// CodeUnknownColumn: The file has no such column. Correct its name; the message lists those there are.
	CodeUnknownColumn = "UNKNOWN_COLUMN"
	// CodeNotMapped: A rule reads a field that no column fills. Map it, or leave it out of the rule.
	CodeNotMapped = "NOT_MAPPED"
)

// Codes of a row that is refused while its file is loaded.
const (
	// CodeOtherTable: The row belongs to another table of the file than the one that is read. Split the file, or read
	// that table by the line of its header.
	CodeOtherTable = "OTHER_TABLE"
	// CodeMalformed (422): The line breaks the rules of its format: quotes, columns, JSON or fields are wrong. Correct
	// it in the file, or export the file again.
	CodeMalformed = "MALFORMED"
	// CodeInvalidEncoding: The row holds bytes that are no text of the file's character set. Set charset.
	CodeInvalidEncoding = "INVALID_ENCODING"
	// CodeSetAside: The row is no movement of money: a balance, a total, a payment that failed. Nothing is to be done;
	// money in a map takes it as money.
	CodeSetAside = "SET_ASIDE"
	// CodeAmountsInconsistent: Amounts of the row contradict each other, gross less fee and net say. Correct the row.
	CodeAmountsInconsistent = "AMOUNTS_INCONSISTENT"
	// CodeDateAhead: The row is booked on a day that has not come yet. Correct the date, or set future in the map.
	CodeDateAhead = "DATE_AHEAD"
	// CodeConflictingID (409): Another booked row of the source has this external id and other money. Correct the id.
	CodeConflictingID = "CONFLICTING_ID"
	// CodePendingMatched: The row is booked now, and its pending row is in a confirmed group. Unmatch that group first.
	CodePendingMatched = "PENDING_MATCHED"
	// CodeBookedAndVoid: The row is booked in one place and never became money in another. Decide which of them holds.
	CodeBookedAndVoid = "BOOKED_AND_VOID"
	// CodeRowChanged: The row is known with the same money and another text or balance. Nothing is to be done: the one
	// that came first is kept, and this version is listed.
	CodeRowChanged = "ROW_CHANGED"
	// CodeRowKnown: The row has no id, and an earlier file of its source has the same one. It counts once. If both are
	// payments, map externalId to a column in which they differ, or put them in one file.
	CodeRowKnown = "ROW_KNOWN"
	// CodeRowReplaced: The row was pending, and was booked or withdrawn since. Nothing is to be done.
	CodeRowReplaced = "ROW_REPLACED"
)

// Codes of rules, setups and back-tests.
const (
	// CodeRuleInvalid (422): A rule cannot work, alone or with the others. Correct what errors names.
	CodeRuleInvalid = "RULE_INVALID"
	// CodeNoRule: There is no rule, or every one is switched off. Enable one.
	CodeNoRule = "NO_RULE"
	// CodeUnknownSource: A rule names a source that its side does not have. Correct the name.
	CodeUnknownSource = "UNKNOWN_SOURCE"
	// CodeSetupInvalid (422): The setup file cannot be used. Correct what errors names.
	CodeSetupInvalid = "SETUP_INVALID"
	// CodeBackTestRequired (409): The context takes rules only after a back-test of the same change. Start one, then
	// repeat the change.
	CodeBackTestRequired = "BACK_TEST_REQUIRED"
	// CodeTooManyRates (422): The rules may look up more exchange rates than a run holds. Give them a rateType.
	CodeTooManyRates = "TOO_MANY_RATES"
	// CodePartialRowsInvalid (422): Partial groups name rows that were not given, or one row twice. Give the files with
	// which they were made.
	CodePartialRowsInvalid = "PARTIAL_ROWS_INVALID"
)

// Codes of runs and replays.
const (
	// CodeRunQueued (409): A run of this context is waiting already and sees the same rows. Watch it, or cancel it.
	CodeRunQueued = "RUN_QUEUED"
	// CodeRunActive (409): A run of this context is under way. Wait until it ends, or cancel it.
	CodeRunActive = "RUN_ACTIVE"
	// CodeRunEnded (409): The run has ended, so it cannot be cancelled. Start another.
	CodeRunEnded = "RUN_ENDED"
	// CodeJobWaiting (503): A job's turn has not come; only the log has this. It starts by itself.
	CodeJobWaiting = "JOB_WAITING"
	// CodeRowsMoved (409): Rows of the run changed while it was computed, three times over. Start it again.
	CodeRowsMoved = "ROWS_MOVED"
	// CodeInvariantViolated: The result of a run failed the engine's own check and was not stored. Report it.
	CodeInvariantViolated = "INVARIANT_VIOLATED"
	// CodeRunNotReplayable (409): The run did not complete, is a back-test, or is too large. Replay another.
	CodeRunNotReplayable = "RUN_NOT_REPLAYABLE"
	// CodeRowsNotKept: Which rows the run read is not kept any more. Nothing to do; start a new run to have one.
	CodeRowsNotKept = "ROWS_NOT_KEPT"
	// CodeRowsVoided: Rows that the run read are gone with their imports. What is left is another input.
	CodeRowsVoided = "ROWS_VOIDED"
	// CodeEngineChanged: Another version of the engine computed the run. Replay it with that version.
	CodeEngineChanged = "ENGINE_CHANGED"
	// CodePlanUnusable: The stored rules cannot work in this version. Replay the run with the version that made it.
	CodePlanUnusable = "PLAN_UNUSABLE"
)

// Codes of groups, adjustments, imports and transactions.
const (
	// CodeGroupStatus (409): The group's status does not allow this. The message names those that do.
	CodeGroupStatus = "GROUP_STATUS"
	// CodeGroupPreview (409): The group is the preview of a dry run. Start a run and decide on its groups.
	CodeGroupPreview = "GROUP_PREVIEW"
	// CodeFourEyes (403): You matched or adjusted the group yourself, or proposed the change. Another person decides.
	CodeFourEyes = "FOUR_EYES"
	// CodeChangeDecided (409): The change is applied or refused already. Read it again; ask anew where it is needed.
	CodeChangeDecided = "CHANGE_DECIDED"
	// CodeGroupHeld (403): The group is held back because a row is reversed, suspected twice or contradicted by another
	// key, so it is never confirmed together with others. Look at it and confirm it alone.
	CodeGroupHeld = "GROUP_HELD"
	// CodeExceptionStatus (409): The exception is in a state that does not allow this. The message names the way.
	CodeExceptionStatus = "EXCEPTION_STATUS"
	// CodeResolutionStatus (409): The resolution is decided already, or waits for a decision. Read it again.
	CodeResolutionStatus = "RESOLUTION_STATUS"
	// CodeResolutionRow (422): The outcome does not fit the rows: amounts, currencies, sides or contexts. The message
	// names what differs.
	CodeResolutionRow = "RESOLUTION_ROW"
	// CodeCountChanged (409): The filter now leaves another number than the caller saw. Read the list again and repeat.
	CodeCountChanged = "COUNT_CHANGED"
	// CodeTooManyAtOnce (422): The filter leaves more than one commit may change. Narrow it.
	CodeTooManyAtOnce = "TOO_MANY_AT_ONCE"
	// CodeNotYours (403): Another person wrote this. Only its author may change it.
	CodeNotYours = "NOT_YOURS"
	// CodeLimitExceeded (403): The amount, with what was ended this way before, is above your limit. Ask a person whose
	// limit is higher.
	CodeLimitExceeded = "LIMIT_EXCEEDED"
	// CodeSecondPerson (403): The amount is above the line from which on two people decide. The message names the way.
	CodeSecondPerson = "SECOND_PERSON"
	// CodeAlreadyMatched (409): A row is in another active group. Unmatch or reject that one first.
	CodeAlreadyMatched = "ALREADY_MATCHED"
	// CodeWrongSide (422): A row is on the other side. Name it there.
	CodeWrongSide = "WRONG_SIDE"
	// CodeCurrenciesDiffer (422): The rows of one group have several currencies. Match those of one.
	CodeCurrenciesDiffer = "CURRENCIES_DIFFER"
	// CodeAdjustmentReasonMissing (422): The sides differ and nothing explains it. Give adjustmentReason, or take other
	// rows.
	CodeAdjustmentReasonMissing = "ADJUSTMENT_REASON_MISSING"
	// CodeAdjustmentStatus (409): The adjustment's status does not allow this. Read it again.
	CodeAdjustmentStatus = "ADJUSTMENT_STATUS"
	// CodeAdjustmentPosted (409): An adjustment of the group is in the books. Reverse it first.
	CodeAdjustmentPosted = "ADJUSTMENT_POSTED"
	// CodeNothingToAdjust (409): Adjustments cover the group's whole difference. Nothing to do.
	CodeNothingToAdjust = "NOTHING_TO_ADJUST"
	// CodeOriginalCorrupt (409): The stored bytes of the file are not those that came. Restore the object of the import
	// from a backup.
	CodeOriginalCorrupt = "ORIGINAL_CORRUPT"
	// CodeImportNotVoidable (409): The import failed or is voided already. Only a completed one can be voided, or read
	// again.
	CodeImportNotVoidable = "IMPORT_NOT_VOIDABLE"
	// CodeNotOpen (409): Only an open row can be matched or ignored, and this one is not. Unmatch or restore
	// it first.
	CodeNotOpen = "NOT_OPEN"
	// CodeNotIgnored (409): The row is not ignored, so there is nothing to restore. Read it again.
	CodeNotIgnored = "NOT_IGNORED"
)
