package httpapi

import (
	"net/http"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/tenancy"
)

// The roles of the table below: who holds one of those that it names may take the route. Every role of a tenant reads.
const (
	viewer       = auth.RoleViewer
	preparer     = auth.RolePreparer
	trial        = auth.NeedsTrial
	proposal     = auth.NeedsProposal
	worker       = auth.NeedsWork
	approver     = auth.RoleApprover
	configurator = auth.RoleConfigurator
	admin        = auth.RoleAdmin
	platform     = auth.RolePlatformAdmin
	reader       = auth.RoleTenantReader
)

// operations is the whole API: the route, the role that may take it, its name and its handler.
var operations = []operation{
	{"GET /v1/me", viewer, "get-me", "Get the caller of this token", direct((*API).getMe)},

	{"GET /v1/contexts", viewer, "list-contexts", "List contexts", listed(snapshot, listContexts)},
	{
		"POST /v1/contexts", configurator, "create-context", "Create a context",
		within(commit, createContext).creates("/v1/contexts/"),
	},
	{"GET /v1/contexts/{contextId}", viewer, "get-context", "Get a context", get((*postgres.Tx).Context)},
	{"PATCH /v1/contexts/{contextId}", configurator, "update-context", "Update a context", within(commit, updateContext).byTwo()},
	{
		"POST /v1/contexts/{contextId}/activate", configurator, "activate-context", "Activate a context",
		contextTo("ACTIVE", "context.activate"),
	},
	{
		"POST /v1/contexts/{contextId}/pause", configurator, "pause-context", "Pause a context: imports, but no runs",
		contextTo("PAUSED", "context.pause"),
	},
	{
		"POST /v1/contexts/{contextId}/archive", configurator, "archive-context", "Archive a context: read only",
		contextTo("ARCHIVED", "context.archive"),
	},
	{
		"POST /v1/contexts/{contextId}/clone", configurator, "clone-context", "Clone a context's configuration",
		within(commit, cloneContext).creates("/v1/contexts/"),
	},

	{
		"GET /v1/contexts/{contextId}/access", admin, "get-access", "Get who may see a context, and with which roles",
		get((*postgres.Tx).AccessList).toUnlisted(),
	},
	{
		"PUT /v1/contexts/{contextId}/access", admin, "put-access", "Set who may see a context, and with which roles",
		within(commit, putAccess).toUnlisted().byTwo(),
	},

	{
		"GET /v1/contexts/{contextId}/schedules", viewer, "list-schedules", "List a context's schedules",
		listAll((*postgres.Tx).Schedules),
	},
	{
		"POST /v1/contexts/{contextId}/schedules", configurator, "create-schedule", "Create a schedule",
		within(commit, createSchedule).creates("/v1/schedules/"),
	},
	{
		"GET /v1/schedules/{scheduleId}", viewer, "get-schedule", "Get a schedule with its next and last run times",
		get((*postgres.Tx).Schedule),
	},
	{"PATCH /v1/schedules/{scheduleId}", configurator, "update-schedule", "Update a schedule", within(commit, updateSchedule)},
	{
		"DELETE /v1/schedules/{scheduleId}", configurator, "delete-schedule", "Delete a schedule",
		remove((*postgres.Tx).DeleteSchedule),
	},

	{
		"GET /v1/contexts/{contextId}/sources", viewer, "list-sources", "List a context's sources",
		listIn((*postgres.Tx).Sources),
	},
	{
		"POST /v1/contexts/{contextId}/sources", configurator, "create-source", "Create a source",
		within(commit, createSource).creates("/v1/sources/"),
	},
	{"GET /v1/sources/{sourceId}", viewer, "get-source", "Get a source", get((*postgres.Tx).Source)},
	{"PATCH /v1/sources/{sourceId}", configurator, "update-source", "Update a source", within(commit, updateSource)},
	{
		"DELETE /v1/sources/{sourceId}", configurator, "delete-source", "Delete a source without imports",
		remove((*postgres.Tx).DeleteSource),
	},

	{
		"GET /v1/sources/{sourceId}/field-map", viewer, "get-field-map", "Get the current field map, or another version",
		within(snapshot, getFieldMap),
	},
	{
		"PUT /v1/sources/{sourceId}/field-map", configurator, "put-field-map", "Replace the field map by its next version",
		within(commit, putFieldMap).bodyOf(fieldMapDoc{}),
	},
	{
		"GET /v1/sources/{sourceId}/field-map/versions", viewer, "list-field-map-versions",
		"List versions of the field map",
		listIn((*postgres.Tx).FieldMaps),
	},
	{
		"POST /v1/sources/{sourceId}/preview", trial, "preview-import", "Preview how a file is read, without storing it",
		raw((*API).preview, describePreview),
	},

	{
		"GET /v1/fetches", viewer, "list-fetches", "List where files are fetched from, and how the last look went",
		listPages((*postgres.Tx).Fetches),
	},
	{
		"GET /v1/sources/{sourceId}/fetch", viewer, "get-fetch", "Get where a source's files are fetched from",
		get((*postgres.Tx).Fetch),
	},
	{
		"PUT /v1/sources/{sourceId}/fetch", configurator, "put-fetch",
		"Set where a source's files are fetched from: a folder, a bucket or an SFTP server", putFetch(),
	},
	{
		"DELETE /v1/sources/{sourceId}/fetch", configurator, "delete-fetch", "Stop fetching files of a source",
		remove((*postgres.Tx).DeleteFetch),
	},
	{
		"POST /v1/sources/{sourceId}/fetch/start", preparer, "start-fetch",
		"Look for files now, and try refused ones again that are still there",
		act((*postgres.Tx).StartFetch).answers(http.StatusAccepted),
	},
	{
		"GET /v1/sources/{sourceId}/fetch/files", viewer, "list-fetched-files",
		"List the files that were fetched for a source, latest first", listIn((*postgres.Tx).FetchedFiles),
	},
	{
		"GET /v1/expectations", viewer, "list-expectations", "List when files are due, and which have not come",
		listed(snapshot, listExpectations),
	},
	{
		"GET /v1/sources/{sourceId}/expectation", viewer, "get-expectation", "Get when a source's next file is due",
		get((*postgres.Tx).Expectation),
	},
	{
		"PUT /v1/sources/{sourceId}/expectation", configurator, "put-expectation", "Set when a source's files are due",
		replace((*postgres.Tx).Source, (*postgres.Tx).PutExpectation),
	},
	{
		"DELETE /v1/sources/{sourceId}/expectation", configurator, "delete-expectation", "Expect no more files of a source",
		remove((*postgres.Tx).DeleteExpectation),
	},

	{
		"GET /v1/contexts/{contextId}/rules", viewer, "list-rules", "List a context's rules in run order",
		within(snapshot, listRules),
	},
	{
		"POST /v1/contexts/{contextId}/rules", configurator, "create-rule", "Create a rule",
		within(commit, createRule).creates("/v1/rules/").bodyOf(ruleDoc{}).byTwo(),
	},
	{
		"POST /v1/contexts/{contextId}/rules/reorder", configurator, "reorder-rules", "Reorder the rules of a context",
		within(commit, reorderRules).byTwo(),
	},
	{
		"PUT /v1/contexts/{contextId}/rules", configurator, "put-rules", "Replace all rules of a context in one commit",
		within(commit, putRules).bodyOf(rulesDoc{}).byTwo(),
	},
	{"GET /v1/rules/{ruleId}", viewer, "get-rule", "Get a rule", get((*postgres.Tx).Rule)},
	{
		"PUT /v1/rules/{ruleId}", configurator, "put-rule", "Replace a rule by its next version",
		within(commit, putRule).bodyOf(ruleDoc{}).byTwo(),
	},
	{
		"DELETE /v1/rules/{ruleId}", configurator, "delete-rule", "Delete a rule from later runs",
		remove((*postgres.Tx).DeleteRule).byTwo(),
	},
	{
		"GET " + ruleSchemaPath, viewer, "get-rule-schema", "Get the JSON Schema of a rule",
		raw((*API).getRuleSchema, describeRuleSchema),
	},
	{
		"GET /v1/rules/{ruleId}/versions", viewer, "list-rule-versions", "List versions of a rule, also of a deleted one",
		listIn((*postgres.Tx).RuleVersions),
	},

	{
		"GET /v1/contexts/{contextId}/back-tests", viewer, "list-back-tests", "List a context's back-tests, latest first",
		listIn((*postgres.Tx).BackTests),
	},
	{
		"POST /v1/contexts/{contextId}/back-tests", trial, "create-back-test", "Start a back-test of changed rules",
		within(commit, createBackTest).queues("/v1/back-tests/").bodyOf(backTestDoc{}),
	},
	{
		"GET /v1/back-tests/{backTestId}", viewer, "get-back-test", "Get a back-test with its totals",
		get((*postgres.Tx).BackTest),
	},
	{
		"GET /v1/back-tests/{backTestId}/entries", viewer, "list-back-test-entries",
		"List lost, re-paired and gained groups",
		listed(snapshot, listBackTestEntries),
	},

	{
		"GET /v1/fx-rates", viewer, "list-fx-rates", "List exchange rates by pair, type and day",
		listed(snapshot, listFXRates),
	},
	{
		"POST /v1/fx-rates", configurator, "put-fx-rates", "Create or replace exchange rates by pair, type and day",
		within(commit, putFXRates),
	},

	{"GET /v1/calendars", viewer, "list-calendars", "List calendars", listPages((*postgres.Tx).Calendars)},
	{
		"POST /v1/calendars", configurator, "create-calendar", "Create a calendar",
		create((*postgres.Tx).CreateCalendar).creates("/v1/calendars/").byTwo(),
	},
	{"GET /v1/calendars/{calendarId}", viewer, "get-calendar", "Get a calendar", get((*postgres.Tx).Calendar)},
	{
		"PUT /v1/calendars/{calendarId}", configurator, "put-calendar", "Replace a calendar for later runs",
		replace((*postgres.Tx).Calendar, (*postgres.Tx).UpdateCalendar).byTwo(),
	},
	{
		"DELETE /v1/calendars/{calendarId}", configurator, "delete-calendar", "Delete an unused calendar",
		remove((*postgres.Tx).DeleteCalendar).byTwo(),
	},

	{
		"GET /v1/fee-schedules", viewer, "list-fee-schedules", "List fee schedules",
		listPages((*postgres.Tx).FeeSchedules),
	},
	{
		"POST /v1/fee-schedules", configurator, "create-fee-schedule", "Create a fee schedule",
		create((*postgres.Tx).CreateFeeSchedule).creates("/v1/fee-schedules/"),
	},
	{
		"GET /v1/fee-schedules/{feeScheduleId}", viewer, "get-fee-schedule", "Get a fee schedule",
		get((*postgres.Tx).FeeSchedule),
	},
	{
		"PUT /v1/fee-schedules/{feeScheduleId}", configurator, "put-fee-schedule", "Replace a fee schedule for later runs",
		replace((*postgres.Tx).FeeSchedule, (*postgres.Tx).UpdateFeeSchedule),
	},
	{
		"DELETE /v1/fee-schedules/{feeScheduleId}", configurator, "delete-fee-schedule", "Delete an unused fee schedule",
		remove((*postgres.Tx).DeleteFeeSchedule),
	},
	{
		"POST /v1/fee-schedules/{feeScheduleId}/simulate", trial, "simulate-fee", "Simulate the fee on an amount",
		within(commit, simulateFee),
	},

	{
		"GET /v1/contexts/{contextId}/fee-rules", viewer, "list-fee-rules", "List a context's fee rules by priority",
		listAll((*postgres.Tx).FeeRules),
	},
	{
		"POST /v1/contexts/{contextId}/fee-rules", configurator, "create-fee-rule", "Create a fee rule",
		createIn((*postgres.Tx).CreateFeeRule).creates("/v1/fee-rules/"),
	},
	{
		"GET /v1/contexts/{contextId}/fee-checks", viewer, "list-fee-checks", "Compare charged with agreed fees",
		listed(snapshot, listFeeChecks),
	},
	{"GET /v1/fee-rules/{feeRuleId}", viewer, "get-fee-rule", "Get a fee rule", get((*postgres.Tx).FeeRule)},
	{
		"PUT /v1/fee-rules/{feeRuleId}", configurator, "put-fee-rule", "Replace a fee rule",
		replace((*postgres.Tx).FeeRule, (*postgres.Tx).UpdateFeeRule),
	},
	{
		"DELETE /v1/fee-rules/{feeRuleId}", configurator, "delete-fee-rule", "Delete a fee rule",
		remove((*postgres.Tx).DeleteFeeRule),
	},

	{
		"POST /v1/sources/{sourceId}/imports", preparer, "create-import", "Import a file",
		raw((*API).createImport, describeImport),
	},
	{
		"GET /v1/sources/{sourceId}/imports", viewer, "list-imports", "List a source's imports, latest first",
		listed(snapshot, listImports),
	},
	{"GET /v1/imports/{importId}", viewer, "get-import", "Get an import", within(snapshot, getImport)},
	{
		"GET /v1/imports/{importId}/rejects", viewer, "list-rejects",
		"List the rejected rows of an import with reasons, or those set aside", listed(snapshot, listRejects),
	},
	{
		"PATCH /v1/imports/{importId}/rejects/{row}", preparer, "mend-reject",
		"Take in a row of an import that was refused or set aside, with other values",
		direct((*API).mendReject).lasts(storeTimeout),
	},
	{
		"GET /v1/imports/{importId}/reading", viewer, "get-reading", "Get how an import was read, and why",
		within(snapshot, getReading),
	},
	{
		"GET /v1/imports/{importId}/original", viewer, "get-original", "Download the file of an import as it came",
		raw((*API).getOriginal, describeOriginal),
	},
	{
		"GET /v1/imports/{importId}/findings", viewer, "list-findings",
		"List the findings of an import: notes, proofs, totals and gaps", listed(snapshot, listFindings),
	},
	{
		"GET /v1/sources/{sourceId}/statements", viewer, "list-statements",
		"List what a source's account statements state, latest first", listIn((*postgres.Tx).AccountStatements),
	},
	{
		"GET /v1/sources/{sourceId}/balances", viewer, "get-balances",
		"Compare the balances of a source's statements with each other and with its rows",
		get((*postgres.Tx).SourceBalances),
	},
	{
		"POST /v1/imports/{importId}/reprocess", approver, "reprocess-import",
		"Read an import's original anew; decisions on rows that stay the same survive",
		direct((*API).reprocessImport).bodyOf(reprocessDoc{}).lasts(storeTimeout),
	},
	{"POST /v1/imports/{importId}/void", preparer, "void-import", "Void an import", act((*postgres.Tx).VoidImport)},

	{
		"GET /v1/contexts/{contextId}/transactions", viewer, "list-transactions", "Search a context's transactions",
		listed(snapshot, listTransactions),
	},
	{
		"GET /v1/transactions/{transactionId}", viewer, "get-transaction", "Get a transaction",
		get((*postgres.Tx).Transaction),
	},
	{
		"GET /v1/transactions/{transactionId}/explanation", viewer, "explain-transaction",
		"Explain the state of a transaction",
		within(snapshot, explainTransaction),
	},
	{
		"POST /v1/transactions/{transactionId}/ignore", proposal, "ignore-transaction", "Ignore an open transaction",
		within(commit, ignoreTransaction),
	},
	{
		"POST /v1/transactions/{transactionId}/restore", proposal, "restore-transaction", "Restore an ignored transaction",
		act((*postgres.Tx).Restore),
	},

	{
		"GET /v1/contexts/{contextId}/runs", viewer, "list-runs", "List a context's runs, latest first",
		listIn((*postgres.Tx).Runs),
	},
	{
		"POST /v1/contexts/{contextId}/runs", preparer, "create-run", "Start a run",
		within(commit, createRun).queues("/v1/runs/"),
	},
	{"GET /v1/runs/{runId}", viewer, "get-run", "Get a run", get((*postgres.Tx).Run)},
	{
		"GET /v1/runs/{runId}/progress", viewer, "watch-run", "Stream the progress of a run",
		raw((*API).runProgress, describeProgress),
	},
	{
		"POST /v1/runs/{runId}/cancel", preparer, "cancel-run", "Cancel a run",
		act((*postgres.Tx).CancelRun).answers(http.StatusAccepted),
	},
	{
		"POST /v1/runs/{runId}/replay", worker, "replay-run", "Replay a run and compare with the stored result",
		direct((*API).replayRun),
	},
	{
		"GET /v1/runs/{runId}/groups", viewer, "list-run-groups", "List the groups of a run",
		listed(snapshot, listRunGroups),
	},

	{
		"GET /v1/contexts/{contextId}/groups", viewer, "list-groups", "List a context's groups",
		listed(snapshot, listContextGroups),
	},
	{
		"GET /v1/groups/{groupId}", viewer, "get-group", "Get a group with its first items and evidence",
		get((*postgres.Tx).Group),
	},
	{
		"GET /v1/groups/{groupId}/items", viewer, "list-group-items", "List the items of a group",
		listIn((*postgres.Tx).GroupItems),
	},
	{
		"POST /v1/contexts/{contextId}/groups", proposal, "create-group", "Match open transactions manually",
		within(commit, createGroup).creates("/v1/groups/"),
	},
	{
		"POST /v1/groups/{groupId}/confirm", approver, "confirm-group", "Confirm a proposed or partial group",
		within(commit, confirmGroup),
	},
	{
		"POST /v1/groups/{groupId}/reject", approver, "reject-group",
		"Reject a proposed group and do not propose it again",
		endGroup(recon.ActionReject),
	},
	{
		"POST /v1/groups/{groupId}/unmatch", approver, "unmatch-group", "Unmatch a confirmed or partial group",
		endGroup(recon.ActionUnmatch),
	},
	{
		"POST /v1/groups/{groupId}/comments", worker, "comment-group", "Comment on a group",
		within(commit, commentGroup).answers(http.StatusCreated),
	},
	{
		"GET /v1/groups/{groupId}/history", viewer, "list-group-history", "List the decisions on a group",
		listIn((*postgres.Tx).GroupDecisions),
	},
	{
		"POST /v1/groups/bulk", approver, "decide-groups", "Confirm, reject or unmatch many groups in one commit",
		within(commit, decideGroups),
	},

	{
		"GET /v1/groups/{groupId}/adjustments", viewer, "list-group-adjustments", "List the adjustments of a group",
		listIn((*postgres.Tx).GroupAdjustments),
	},
	{
		"POST /v1/groups/{groupId}/adjustments", approver, "create-adjustment", "Adjust the difference of a group",
		within(commit, createAdjustment).creates("/v1/adjustments/"),
	},
	{
		"GET /v1/contexts/{contextId}/adjustments", viewer, "list-adjustments", "List a context's adjustments",
		listed(snapshot, listAdjustments),
	},
	{
		"GET /v1/adjustments/{adjustmentId}", viewer, "get-adjustment", "Get an adjustment",
		get((*postgres.Tx).Adjustment),
	},
	{
		"POST /v1/adjustments/{adjustmentId}/post", approver, "post-adjustment", "Mark an adjustment as posted",
		within(commit, postAdjustment),
	},
	{
		"POST /v1/adjustments/{adjustmentId}/reverse", approver, "reverse-adjustment", "Reverse an adjustment",
		within(commit, reverseAdjustment),
	},

	{"GET /v1/exceptions", viewer, "list-exceptions", "List exceptions", listed(snapshot, listExceptions)},
	{"GET /v1/exceptions/{exceptionId}", viewer, "get-exception", "Get an exception", get((*postgres.Tx).Exception)},
	{
		"GET /v1/exceptions/{exceptionId}/history", viewer, "list-exception-history", "List what was done to an exception",
		listIn((*postgres.Tx).ExceptionHistory),
	},
	{
		"POST /v1/exceptions/{exceptionId}/assign", worker, "assign-exception", "Assign an exception to a person or a queue",
		within(commit, assignException),
	},
	{
		"POST /v1/exceptions/{exceptionId}/unassign", worker, "unassign-exception", "Take an exception's assignee away",
		within(commit, unassignException),
	},
	{
		"POST /v1/exceptions/{exceptionId}/comments", worker, "comment-exception", "Comment on an exception",
		within(commit, commentException).answers(http.StatusCreated),
	},
	{
		"PATCH /v1/comments/{commentId}", worker, "edit-comment", "Edit your comment; what it was stays in the history",
		within(commit, editComment),
	},
	{
		"POST /v1/exceptions/{exceptionId}/snooze", worker, "snooze-exception",
		"Take an exception out of the queue until a day", within(commit, snoozeException),
	},
	{
		"POST /v1/exceptions/{exceptionId}/resolve", proposal, "resolve-exception",
		"End an exception, or propose to where another person has to approve", within(commit, resolveException),
	},
	{
		"POST /v1/exceptions/{exceptionId}/reopen", approver, "reopen-exception",
		"Reopen an exception, taking its trace back", within(commit, reopenException),
	},
	{
		"POST /v1/exceptions/bulk", worker, "change-exceptions",
		"Do the same to many exceptions in one commit, by ids or by filter", within(commit, changeExceptions),
	},
	{
		"GET /v1/contexts/{contextId}/resolutions", viewer, "list-resolutions",
		"List how a context's exceptions were ended, or are proposed to be", listed(snapshot, listResolutions),
	},
	{
		"GET /v1/resolutions/{resolutionId}", viewer, "get-resolution", "Get a resolution",
		get((*postgres.Tx).Resolution),
	},
	{
		"POST /v1/resolutions/{resolutionId}/approve", approver, "approve-resolution",
		"Approve a resolution that another person proposed, or accept a transfer", decideResolution(true),
	},
	{
		"POST /v1/resolutions/{resolutionId}/refuse", approver, "refuse-resolution",
		"Refuse a resolution; its exception goes on", decideResolution(false),
	},
	{
		"GET /v1/contexts/{contextId}/exceptions/summary", viewer, "summarise-exceptions",
		"Count and sum the exceptions of a context by currency and by what they can be narrowed to",
		within(snapshot, summariseExceptions),
	},
	{
		"GET /v1/contexts/{contextId}/exception-policy", viewer, "get-exception-policy",
		"Get a context's policy of exceptions", get((*postgres.Tx).ExceptionPolicy),
	},
	{
		"PUT /v1/contexts/{contextId}/exception-policy", configurator, "put-exception-policy",
		"Replace a context's policy of exceptions by its next version", within(commit, putExceptionPolicy).byTwo(),
	},

	{
		"GET /v1/contexts/{contextId}/statement", viewer, "get-statement", "Get the reconciliation statement",
		within(replica, getStatement),
	},
	{
		"GET /v1/contexts/{contextId}/reports/ageing", viewer, "get-ageing",
		"Get the ageing report for open rows and partial remainders",
		within(replica, getAgeing),
	},
	{
		"GET /v1/contexts/{contextId}/reports/sod", viewer, "get-duties",
		"Get who decided on their own work: conflicts of duties by person", within(replica, getDuties),
	},
	{"GET /v1/changes", viewer, "list-changes", "List changes that need a second person", listed(snapshot, listChanges)},
	{"GET /v1/changes/{changeId}", viewer, "get-change", "Get a change", get((*postgres.Tx).Change)},
	{
		"POST /v1/changes/{changeId}/approve", configurator, "approve-change",
		"Apply a change that another person proposed", decideChange(true),
	},
	{"POST /v1/changes/{changeId}/refuse", configurator, "refuse-change", "Refuse a change", decideChange(false)},
	{"GET /v1/events", viewer, "list-events", "List events", listed(snapshot, listEvents)},
	{"GET /v1/audit", viewer, "list-audit", "List audit entries, latest first", listed(replica, listAudit)},

	{"GET /system/matcher", platform, "list-settings", "List the runtime settings", direct((*API).listSettings)},
	{"GET /system/matcher/{key}", platform, "get-setting", "Get a runtime setting", direct((*API).getSetting)},
	{
		"PUT /system/matcher/{key}", platform, "put-setting", "Update a runtime setting on every instance",
		direct((*API).putSetting),
	},
	{
		"GET /system/matcher/{key}/history", platform, "list-setting-history",
		"List the changes of a setting, latest first",
		direct((*API).listSettingHistory),
	},

	{"GET /admin/keys", platform, "list-keys", "List the installation's API keys", direct((*API).listKeys)},
	{
		"POST /admin/keys", platform, "create-key", "Create an API key, shown once",
		direct((*API).createKey).creates("/admin/keys/"),
	},
	{"DELETE /admin/keys/{id}", platform, "revoke-key", "Revoke an API key", direct((*API).revokeKey)},
	{
		"POST /admin/revoked-tokens", platform, "revoke-token", "Revoke a token by its jti, where AUTH_REVOCATION is set",
		direct((*API).revokeToken),
	},
	{"GET /admin/tenants", platform, "list-tenants", "List tenants", direct((*API).listTenants)},
	{
		"POST /admin/tenants", platform, "create-tenant", "Create a tenant and its schema",
		direct((*API).createTenant).creates("/admin/tenants/"),
	},
	{"GET /admin/tenants/{id}", platform, "get-tenant", "Get a tenant by id or slug", direct((*API).getTenant)},
	{
		"PATCH /admin/tenants/{id}", platform, "change-tenant", "Update a tenant's name or limits",
		direct((*API).changeTenant),
	},
	{
		"DELETE /admin/tenants/{id}", platform, "delete-tenant",
		"Delete a tenant; its data is erased after the grace period",
		tenantTo((*tenancy.Service).Delete),
	},
	{
		"POST /admin/tenants/{id}/restore", platform, "restore-tenant", "Restore a deleted tenant",
		tenantTo((*tenancy.Service).Restore),
	},
	{
		"POST /admin/tenants/{id}/suspend", platform, "suspend-tenant", "Suspend a tenant",
		tenantTo((*tenancy.Service).Suspend),
	},
	{
		"POST /admin/tenants/{id}/resume", platform, "resume-tenant", "Resume a suspended tenant",
		tenantTo((*tenancy.Service).Resume),
	},
	{
		"POST /admin/migrations", platform, "migrate-tenants",
		"Migrate the schemas of all tenants; repeat while some remain",
		direct((*API).migrateTenants),
	},
	{
		"GET /admin/audit", platform, "list-tenant-audit", "List audit entries of tenants, latest first",
		direct((*API).listTenantAudit),
	},
	{
		"GET /tenants/{id}/services/matcher/settings", reader, "get-managed-settings",
		"Get tenant settings for another installation",
		direct((*API).getManaged),
	},
	{
		"GET /v1/tenants/{id}/associations/matcher/connections", reader, "get-managed-connections",
		"Get tenant settings at the standard's other path",
		direct((*API).getManaged),
	},
}
