package httpapi

import (
	"net/http"

	"matcher/internal/auth"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/tenancy"
)

// The roles of the table below, from least to most; each may do what those before it may.
const (
	viewer   = auth.RoleViewer
	analyst  = auth.RoleAnalyst
	approver = auth.RoleApprover
	admin    = auth.RoleAdmin
	platform = auth.RolePlatformAdmin
	reader   = auth.RoleTenantReader
)

// operations is the whole API: the route, the least role that may take it, its name and its handler.
var operations = []operation{
	{"GET /v1/me", viewer, "get-me", "Who the token says you are", direct((*API).getMe)},

	{"GET /v1/contexts", viewer, "list-contexts", "List contexts", listed(snapshot, listContexts)},
	{"POST /v1/contexts", admin, "create-context", "Create a context", within(commit, createContext).creates("/v1/contexts/")},
	{"GET /v1/contexts/{contextId}", viewer, "get-context", "Read a context", get((*postgres.Tx).Context)},
	{"PATCH /v1/contexts/{contextId}", admin, "update-context", "Change a context", within(commit, updateContext)},
	{"POST /v1/contexts/{contextId}/activate", admin, "activate-context", "Let a context take work again",
		contextTo("ACTIVE", "context.activate")},
	{"POST /v1/contexts/{contextId}/pause", admin, "pause-context", "Let a context take imports but no runs",
		contextTo("PAUSED", "context.pause")},
	{"POST /v1/contexts/{contextId}/archive", admin, "archive-context", "Make a context read only",
		contextTo("ARCHIVED", "context.archive")},
	{"POST /v1/contexts/{contextId}/clone", admin, "clone-context", "Make a context with the configuration of another",
		within(commit, cloneContext).creates("/v1/contexts/")},

	{"GET /v1/contexts/{contextId}/schedules", viewer, "list-schedules", "List a context's schedules",
		listAll((*postgres.Tx).Schedules)},
	{"POST /v1/contexts/{contextId}/schedules", admin, "create-schedule", "Let a context run by the clock",
		within(commit, createSchedule).creates("/v1/schedules/")},
	{"GET /v1/schedules/{scheduleId}", viewer, "get-schedule", "Read a schedule with its next and its last time",
		get((*postgres.Tx).Schedule)},
	{"PATCH /v1/schedules/{scheduleId}", admin, "update-schedule", "Change a schedule", within(commit, updateSchedule)},
	{"DELETE /v1/schedules/{scheduleId}", admin, "delete-schedule", "Delete a schedule",
		remove((*postgres.Tx).DeleteSchedule)},

	{"GET /v1/contexts/{contextId}/sources", viewer, "list-sources", "List a context's sources",
		listIn((*postgres.Tx).Sources)},
	{"POST /v1/contexts/{contextId}/sources", admin, "create-source", "Create a source",
		within(commit, createSource).creates("/v1/sources/")},
	{"GET /v1/sources/{sourceId}", viewer, "get-source", "Read a source", get((*postgres.Tx).Source)},
	{"PATCH /v1/sources/{sourceId}", admin, "update-source", "Change a source", within(commit, updateSource)},
	{"DELETE /v1/sources/{sourceId}", admin, "delete-source", "Delete a source that never took a file",
		remove((*postgres.Tx).DeleteSource)},

	{"GET /v1/sources/{sourceId}/field-map", viewer, "get-field-map", "Read the field map in force, or another version",
		within(snapshot, getFieldMap)},
	{"PUT /v1/sources/{sourceId}/field-map", admin, "put-field-map", "Store the next version of the field map",
		within(commit, putFieldMap).bodyOf(fieldMapDoc{})},
	{"GET /v1/sources/{sourceId}/field-map/versions", viewer, "list-field-map-versions", "List the versions of the field map",
		listIn((*postgres.Tx).FieldMaps)},
	{"POST /v1/sources/{sourceId}/preview", analyst, "preview-import", "See how a file would be read; nothing is stored",
		raw((*API).preview, describePreview)},

	{"GET /v1/contexts/{contextId}/rules", viewer, "list-rules", "List a context's rules in the order in which they run",
		listAll((*postgres.Tx).Rules)},
	{"POST /v1/contexts/{contextId}/rules", admin, "create-rule", "Create a rule",
		within(commit, createRule).creates("/v1/rules/").bodyOf(ruleDoc{})},
	{"POST /v1/contexts/{contextId}/rules/reorder", admin, "reorder-rules", "Give the rules another order",
		within(commit, reorderRules)},
	{"PUT /v1/contexts/{contextId}/rules", admin, "put-rules", "Make the rules those of a set, in one commit",
		within(commit, putRules).bodyOf(rulesDoc{})},
	{"GET /v1/rules/{ruleId}", viewer, "get-rule", "Read a rule", get((*postgres.Tx).Rule)},
	{"PUT /v1/rules/{ruleId}", admin, "put-rule", "Store the next version of a rule", within(commit, putRule).bodyOf(ruleDoc{})},
	{"DELETE /v1/rules/{ruleId}", admin, "delete-rule", "Take a rule out of later runs",
		remove((*postgres.Tx).DeleteRule)},
	{"GET " + ruleSchemaPath, viewer, "get-rule-schema", "Read the JSON Schema of a rule",
		raw((*API).getRuleSchema, describeRuleSchema)},
	{"GET /v1/rules/{ruleId}/versions", viewer, "list-rule-versions", "List the versions of a rule, a deleted one's too",
		listIn((*postgres.Tx).RuleVersions)},

	{"GET /v1/contexts/{contextId}/back-tests", viewer, "list-back-tests", "List a context's back-tests, the latest first",
		listIn((*postgres.Tx).BackTests)},
	{"POST /v1/contexts/{contextId}/back-tests", analyst, "create-back-test", "Try changed rules on history; watch it as the run of its id",
		within(commit, createBackTest).queues("/v1/back-tests/").bodyOf(backTestDoc{})},
	{"GET /v1/back-tests/{backTestId}", viewer, "get-back-test", "Read a back-test with what it found",
		get((*postgres.Tx).BackTest)},
	{"GET /v1/back-tests/{backTestId}/entries", viewer, "list-back-test-entries", "List what changed rules would lose, re-pair and gain",
		listed(snapshot, listBackTestEntries)},

	{"GET /v1/fx-rates", viewer, "list-fx-rates", "List exchange rates by pair, type and day",
		listed(snapshot, listFXRates)},
	{"POST /v1/fx-rates", admin, "put-fx-rates", "Store exchange rates, or replace those of the same pair, type and day",
		within(commit, putFXRates)},

	{"GET /v1/calendars", viewer, "list-calendars", "List calendars", listPages((*postgres.Tx).Calendars)},
	{"POST /v1/calendars", admin, "create-calendar", "Create a calendar that rules can name by its id",
		create((*postgres.Tx).CreateCalendar).creates("/v1/calendars/")},
	{"GET /v1/calendars/{calendarId}", viewer, "get-calendar", "Read a calendar", get((*postgres.Tx).Calendar)},
	{"PUT /v1/calendars/{calendarId}", admin, "put-calendar", "Change a calendar for later runs",
		replace((*postgres.Tx).Calendar, (*postgres.Tx).UpdateCalendar)},
	{"DELETE /v1/calendars/{calendarId}", admin, "delete-calendar", "Delete a calendar that no rule names",
		remove((*postgres.Tx).DeleteCalendar)},

	{"GET /v1/fee-schedules", viewer, "list-fee-schedules", "List fee schedules",
		listPages((*postgres.Tx).FeeSchedules)},
	{"POST /v1/fee-schedules", admin, "create-fee-schedule", "Create a fee schedule that rules can name",
		create((*postgres.Tx).CreateFeeSchedule).creates("/v1/fee-schedules/")},
	{"GET /v1/fee-schedules/{feeScheduleId}", viewer, "get-fee-schedule", "Read a fee schedule",
		get((*postgres.Tx).FeeSchedule)},
	{"PUT /v1/fee-schedules/{feeScheduleId}", admin, "put-fee-schedule", "Change a fee schedule for later runs",
		replace((*postgres.Tx).FeeSchedule, (*postgres.Tx).UpdateFeeSchedule)},
	{"DELETE /v1/fee-schedules/{feeScheduleId}", admin, "delete-fee-schedule", "Delete a fee schedule that no rule names",
		remove((*postgres.Tx).DeleteFeeSchedule)},
	{"POST /v1/fee-schedules/{feeScheduleId}/simulate", analyst, "simulate-fee", "See what a schedule charges on an amount",
		within(commit, simulateFee)},

	{"GET /v1/contexts/{contextId}/fee-rules", viewer, "list-fee-rules", "List a context's fee rules in the order in which they are tried",
		listAll((*postgres.Tx).FeeRules)},
	{"POST /v1/contexts/{contextId}/fee-rules", admin, "create-fee-rule", "Say by which schedule rows are charged",
		createIn((*postgres.Tx).CreateFeeRule).creates("/v1/fee-rules/")},
	{"GET /v1/contexts/{contextId}/fee-checks", viewer, "list-fee-checks", "Compare the fees that rows carry with what was agreed",
		listed(snapshot, listFeeChecks)},
	{"GET /v1/fee-rules/{feeRuleId}", viewer, "get-fee-rule", "Read a fee rule", get((*postgres.Tx).FeeRule)},
	{"PUT /v1/fee-rules/{feeRuleId}", admin, "put-fee-rule", "Change a fee rule",
		replace((*postgres.Tx).FeeRule, (*postgres.Tx).UpdateFeeRule)},
	{"DELETE /v1/fee-rules/{feeRuleId}", admin, "delete-fee-rule", "Delete a fee rule",
		remove((*postgres.Tx).DeleteFeeRule)},

	{"POST /v1/sources/{sourceId}/imports", analyst, "create-import", "Load a file",
		raw((*API).createImport, describeImport)},
	{"GET /v1/sources/{sourceId}/imports", viewer, "list-imports", "List a source's imports, the latest first",
		listIn((*postgres.Tx).Imports)},
	{"GET /v1/imports/{importId}", viewer, "get-import", "Read an import", within(snapshot, getImport)},
	{"GET /v1/imports/{importId}/rejects", viewer, "list-rejects", "List the rows that were refused, and why",
		listIn((*postgres.Tx).Rejects)},
	{"POST /v1/imports/{importId}/void", analyst, "void-import", "Take an import's rows out again",
		act((*postgres.Tx).VoidImport)},

	{"GET /v1/contexts/{contextId}/transactions", viewer, "list-transactions", "Search a context's rows",
		listed(snapshot, listTransactions)},
	{"GET /v1/transactions/{transactionId}", viewer, "get-transaction", "Read a row with its state",
		get((*postgres.Tx).Transaction)},
	{"GET /v1/transactions/{transactionId}/explanation", viewer, "explain-transaction", "Why a row is matched, or why not and what is nearest",
		within(snapshot, explainTransaction)},
	{"POST /v1/transactions/{transactionId}/ignore", analyst, "ignore-transaction", "Take an open row out of reconciliation",
		within(commit, ignoreTransaction)},
	{"POST /v1/transactions/{transactionId}/restore", analyst, "restore-transaction", "Take an ignored row back in",
		act((*postgres.Tx).Restore)},

	{"GET /v1/contexts/{contextId}/runs", viewer, "list-runs", "List a context's runs, the latest first",
		listIn((*postgres.Tx).Runs)},
	{"POST /v1/contexts/{contextId}/runs", analyst, "create-run", "Start a run; watch it at its progress",
		within(commit, createRun).queues("/v1/runs/")},
	{"GET /v1/runs/{runId}", viewer, "get-run", "Read a run", get((*postgres.Tx).Run)},
	{"GET /v1/runs/{runId}/progress", viewer, "watch-run", "Watch a run until it ends",
		raw((*API).runProgress, describeProgress)},
	{"POST /v1/runs/{runId}/cancel", analyst, "cancel-run", "Ask a run to stop",
		act((*postgres.Tx).CancelRun).answers(http.StatusAccepted)},
	{"POST /v1/runs/{runId}/replay", analyst, "replay-run", "Do a run again as it was, and compare the outcome with what is stored",
		direct((*API).replayRun)},
	{"GET /v1/runs/{runId}/groups", viewer, "list-run-groups", "List the groups that a run made",
		listed(snapshot, listRunGroups)},

	{"GET /v1/contexts/{contextId}/groups", viewer, "list-groups", "List a context's groups",
		listed(snapshot, listContextGroups)},
	{"GET /v1/groups/{groupId}", viewer, "get-group", "Read a group with its first items and its evidence",
		get((*postgres.Tx).Group)},
	{"GET /v1/groups/{groupId}/items", viewer, "list-group-items", "List the rows of a group",
		listIn((*postgres.Tx).GroupItems)},
	{"POST /v1/contexts/{contextId}/groups", analyst, "create-group", "Match open rows by hand",
		within(commit, createGroup).creates("/v1/groups/")},
	{"POST /v1/groups/{groupId}/confirm", approver, "confirm-group", "Confirm a proposed or partial group",
		within(commit, confirmGroup)},
	{"POST /v1/groups/{groupId}/reject", approver, "reject-group", "Reject a proposed group; its rows are not offered together again",
		endGroup(recon.ActionReject)},
	{"POST /v1/groups/{groupId}/unmatch", approver, "unmatch-group", "Take a confirmed or partial group apart; its rows are open again",
		endGroup(recon.ActionUnmatch)},
	{"POST /v1/groups/{groupId}/comments", analyst, "comment-group", "Say something about a group",
		within(commit, commentGroup).answers(http.StatusCreated)},
	{"GET /v1/groups/{groupId}/history", viewer, "list-group-history", "Read what people did to a group",
		listIn((*postgres.Tx).GroupDecisions)},
	{"POST /v1/groups/bulk", approver, "decide-groups", "Confirm, reject or unmatch many groups in one commit",
		within(commit, decideGroups)},

	{"GET /v1/groups/{groupId}/adjustments", viewer, "list-group-adjustments", "List the adjustments of a group",
		listIn((*postgres.Tx).GroupAdjustments)},
	{"POST /v1/groups/{groupId}/adjustments", approver, "create-adjustment", "Cover what the sides of a group differ by",
		within(commit, createAdjustment).creates("/v1/adjustments/")},
	{"GET /v1/contexts/{contextId}/adjustments", viewer, "list-adjustments", "List a context's adjustments",
		listed(snapshot, listAdjustments)},
	{"GET /v1/adjustments/{adjustmentId}", viewer, "get-adjustment", "Read an adjustment",
		get((*postgres.Tx).Adjustment)},
	{"POST /v1/adjustments/{adjustmentId}/post", approver, "post-adjustment", "Say that an adjustment is in the books",
		within(commit, postAdjustment)},
	{"POST /v1/adjustments/{adjustmentId}/reverse", approver, "reverse-adjustment", "Take an adjustment back; what it covered can be adjusted anew",
		within(commit, reverseAdjustment)},

	{"GET /v1/exceptions", viewer, "list-exceptions", "List exceptions", listed(snapshot, listExceptions)},
	{"GET /v1/exceptions/{exceptionId}", viewer, "get-exception", "Read an exception", get((*postgres.Tx).Exception)},

	{"GET /v1/contexts/{contextId}/statement", viewer, "get-statement", "Read the bridge: left balance, reconciling items, right balance",
		within(replica, getStatement)},
	{"GET /v1/contexts/{contextId}/reports/ageing", viewer, "get-ageing", "Read how old what is open is: open rows and what is left of partial groups",
		within(replica, getAgeing)},
	{"GET /v1/events", viewer, "list-events", "Read the event feed", listed(snapshot, listEvents)},
	{"GET /v1/audit", viewer, "list-audit", "Read the audit log, the latest entry first", listed(replica, listAudit)},

	{"GET /system/matcher", platform, "list-settings", "List the runtime settings", direct((*API).listSettings)},
	{"GET /system/matcher/{key}", platform, "get-setting", "Read a runtime setting", direct((*API).getSetting)},
	{"PUT /system/matcher/{key}", platform, "put-setting", "Change a runtime setting on every instance",
		direct((*API).putSetting)},
	{"GET /system/matcher/{key}/history", platform, "list-setting-history", "List the changes of a setting, the latest first",
		direct((*API).listSettingHistory)},

	{"GET /admin/tenants", platform, "list-tenants", "List the tenants", direct((*API).listTenants)},
	{"POST /admin/tenants", platform, "create-tenant", "Create a tenant and its schema",
		direct((*API).createTenant).creates("/admin/tenants/")},
	{"GET /admin/tenants/{id}", platform, "get-tenant", "Read a tenant, by id or slug", direct((*API).getTenant)},
	{"PATCH /admin/tenants/{id}", platform, "change-tenant", "Change a tenant's name or limits",
		direct((*API).changeTenant)},
	{"DELETE /admin/tenants/{id}", platform, "delete-tenant", "Delete a tenant; its data is erased when the grace is over",
		tenantTo((*tenancy.Service).Delete)},
	{"POST /admin/tenants/{id}/restore", platform, "restore-tenant", "Bring a deleted tenant back",
		tenantTo((*tenancy.Service).Restore)},
	{"POST /admin/tenants/{id}/suspend", platform, "suspend-tenant", "Refuse a tenant's callers and park its work",
		tenantTo((*tenancy.Service).Suspend)},
	{"POST /admin/tenants/{id}/resume", platform, "resume-tenant", "Let a suspended tenant go on",
		tenantTo((*tenancy.Service).Resume)},
	{"POST /admin/migrations", platform, "migrate-tenants", "Bring the schemas of all tenants up to date; repeat while some remain",
		direct((*API).migrateTenants)},
	{"GET /admin/audit", platform, "list-tenant-audit", "Read what was done to tenants, the latest first",
		direct((*API).listTenantAudit)},
	{"GET /tenants/{id}/services/matcher/settings", reader, "get-managed-settings", "Answer another installation who a tenant is",
		direct((*API).getManaged)},
	{"GET /v1/tenants/{id}/associations/matcher/connections", reader, "get-managed-connections", "The same, at the standard's other path",
		direct((*API).getManaged)},
}

// public answers without a token. Metrics carry no tenant's name and ask for a token of their own where one is set.
var public = []struct {
	path, id, summary string
	serve             func(*API, http.ResponseWriter, *http.Request)
}{
	{"/health", "health", "The process is alive", (*API).health},
	{"/readyz", "ready", "The service can answer: 503 while it starts, drains or has lost its database", (*API).ready},
	{"/version", "version", "What runs here", (*API).version},
	{"/metrics", "metrics", "Figures for Prometheus", (*API).metrics},
	{"/openapi.json", "openapi", "This document", (*API).openAPI},
	{"/docs", "docs", "This document for people", (*API).docs},
}

// nouns are the segments that name what a path is about; OpenAPI groups by them.
var nouns = map[string]bool{
	"me": true, "contexts": true, "sources": true, "field-map": true, "rules": true, "back-tests": true, "imports": true,
	"transactions": true, "runs": true, "groups": true, "adjustments": true,
	"fx-rates": true, "schedules": true, "schemas": true, "calendars": true, "fee-schedules": true, "fee-rules": true, "fee-checks": true, "exceptions": true, "statement": true, "reports": true, "events": true, "audit": true,
	"system": true, "tenants": true, "migrations": true,
}
