package httpapi

import (
	"net/http"

	"matcher/internal/auth"
	"matcher/internal/lifecycle"
	"matcher/internal/recon"
)

// The roles of the table below, from least to most; each may do what those before it may.
const (
	viewer   = auth.RoleViewer
	analyst  = auth.RoleAnalyst
	approver = auth.RoleApprover
	admin    = auth.RoleAdmin
)

// operations is the whole API: the route, the least role that may take it, its name and its handler.
var operations = []operation{
	read("/v1/me", viewer, "get-me", "Who the token says you are", (*API).getMe),

	read("/v1/contexts", viewer, "list-contexts", "List contexts", (*API).listContexts),
	post("/v1/contexts", admin, "create-context", "Create a context", http.StatusCreated, (*API).createContext),
	read("/v1/contexts/{contextId}", viewer, "get-context", "Read a context", (*API).getContext),
	change("PATCH /v1/contexts/{contextId}", admin, "update-context", "Change a context", (*API).updateContext),
	post("/v1/contexts/{contextId}/activate", admin, "activate-context", "Let a context take work again", http.StatusOK, contextTo("ACTIVE", "context.activate")),
	post("/v1/contexts/{contextId}/pause", admin, "pause-context", "Let a context take imports but no runs", http.StatusOK, contextTo("PAUSED", "context.pause")),
	post("/v1/contexts/{contextId}/archive", admin, "archive-context", "Make a context read only", http.StatusOK, contextTo("ARCHIVED", "context.archive")),
	post("/v1/contexts/{contextId}/clone", admin, "clone-context", "Make a context with the configuration of another", http.StatusCreated, (*API).cloneContext),

	read("/v1/contexts/{contextId}/schedules", viewer, "list-schedules", "List a context's schedules", (*API).listSchedules),
	post("/v1/contexts/{contextId}/schedules", admin, "create-schedule", "Let a context run by the clock", http.StatusCreated, (*API).createSchedule),
	read("/v1/schedules/{scheduleId}", viewer, "get-schedule", "Read a schedule with its next and its last time", (*API).getSchedule),
	change("PATCH /v1/schedules/{scheduleId}", admin, "update-schedule", "Change a schedule", (*API).updateSchedule),
	change("DELETE /v1/schedules/{scheduleId}", admin, "delete-schedule", "Delete a schedule", (*API).deleteSchedule),

	read("/v1/contexts/{contextId}/sources", viewer, "list-sources", "List a context's sources", (*API).listSources),
	post("/v1/contexts/{contextId}/sources", admin, "create-source", "Create a source", http.StatusCreated, (*API).createSource),
	read("/v1/sources/{sourceId}", viewer, "get-source", "Read a source", (*API).getSource),
	change("PATCH /v1/sources/{sourceId}", admin, "update-source", "Change a source", (*API).updateSource),
	change("DELETE /v1/sources/{sourceId}", admin, "delete-source", "Delete a source that never took a file", (*API).deleteSource),

	read("/v1/sources/{sourceId}/field-map", viewer, "get-field-map", "Read the field map in force, or another version", (*API).getFieldMap),
	change("PUT /v1/sources/{sourceId}/field-map", admin, "put-field-map", "Store the next version of the field map", (*API).putFieldMap).bodyOf(fieldMapDoc{}),
	read("/v1/sources/{sourceId}/field-map/versions", viewer, "list-field-map-versions", "List the versions of the field map", (*API).listFieldMaps),
	raw("POST /v1/sources/{sourceId}/preview", analyst, "preview-import", "See how a file would be read; nothing is stored", (*API).preview, describePreview),

	read("/v1/contexts/{contextId}/rules", viewer, "list-rules", "List a context's rules in the order in which they run", (*API).listRules),
	post("/v1/contexts/{contextId}/rules", admin, "create-rule", "Create a rule", http.StatusCreated, (*API).createRule).bodyOf(ruleDoc{}),
	post("/v1/contexts/{contextId}/rules/reorder", admin, "reorder-rules", "Give the rules another order", http.StatusOK, (*API).reorderRules),
	change("PUT /v1/contexts/{contextId}/rules", admin, "put-rules", "Make the rules those of a set, in one commit", (*API).putRules).bodyOf(rulesDoc{}),
	read("/v1/rules/{ruleId}", viewer, "get-rule", "Read a rule", (*API).getRule),
	change("PUT /v1/rules/{ruleId}", admin, "put-rule", "Store the next version of a rule", (*API).putRule).bodyOf(ruleDoc{}),
	change("DELETE /v1/rules/{ruleId}", admin, "delete-rule", "Take a rule out of later runs", (*API).deleteRule),
	raw("GET "+ruleSchemaPath, viewer, "get-rule-schema", "Read the JSON Schema of a rule", (*API).getRuleSchema, describeRuleSchema),
	read("/v1/rules/{ruleId}/versions", viewer, "list-rule-versions", "List the versions of a rule, a deleted one's too", (*API).listRuleVersions),

	read("/v1/contexts/{contextId}/back-tests", viewer, "list-back-tests", "List a context's back-tests, the latest first", (*API).listBackTests),
	post("/v1/contexts/{contextId}/back-tests", analyst, "create-back-test", "Try changed rules on history; watch it as the run of its id", http.StatusAccepted, (*API).createBackTest).bodyOf(backTestDoc{}),
	read("/v1/back-tests/{backTestId}", viewer, "get-back-test", "Read a back-test with what it found", (*API).getBackTest),
	read("/v1/back-tests/{backTestId}/entries", viewer, "list-back-test-entries", "List what changed rules would lose, re-pair and gain", (*API).listBackTestEntries),

	read("/v1/fx-rates", viewer, "list-fx-rates", "List exchange rates by pair, type and day", (*API).listFXRates),
	post("/v1/fx-rates", admin, "put-fx-rates", "Store exchange rates, or replace those of the same pair, type and day", http.StatusOK, (*API).putFXRates),

	read("/v1/calendars", viewer, "list-calendars", "List calendars", (*API).listCalendars),
	post("/v1/calendars", admin, "create-calendar", "Create a calendar that rules can name by its id", http.StatusCreated, (*API).createCalendar),
	read("/v1/calendars/{calendarId}", viewer, "get-calendar", "Read a calendar", (*API).getCalendar),
	change("PUT /v1/calendars/{calendarId}", admin, "put-calendar", "Change a calendar for later runs", (*API).putCalendar),
	change("DELETE /v1/calendars/{calendarId}", admin, "delete-calendar", "Delete a calendar that no rule names", (*API).deleteCalendar),

	read("/v1/fee-schedules", viewer, "list-fee-schedules", "List fee schedules", (*API).listFeeSchedules),
	post("/v1/fee-schedules", admin, "create-fee-schedule", "Create a fee schedule that rules can name", http.StatusCreated, (*API).createFeeSchedule),
	read("/v1/fee-schedules/{feeScheduleId}", viewer, "get-fee-schedule", "Read a fee schedule", (*API).getFeeSchedule),
	change("PUT /v1/fee-schedules/{feeScheduleId}", admin, "put-fee-schedule", "Change a fee schedule for later runs", (*API).putFeeSchedule),
	change("DELETE /v1/fee-schedules/{feeScheduleId}", admin, "delete-fee-schedule", "Delete a fee schedule that no rule names", (*API).deleteFeeSchedule),
	post("/v1/fee-schedules/{feeScheduleId}/simulate", analyst, "simulate-fee", "See what a schedule charges on an amount", http.StatusOK, (*API).simulateFee),

	read("/v1/contexts/{contextId}/fee-rules", viewer, "list-fee-rules", "List a context's fee rules in the order in which they are tried", (*API).listFeeRules),
	post("/v1/contexts/{contextId}/fee-rules", admin, "create-fee-rule", "Say by which schedule rows are charged", http.StatusCreated, (*API).createFeeRule),
	read("/v1/contexts/{contextId}/fee-checks", viewer, "list-fee-checks", "Compare the fees that rows carry with what was agreed", (*API).listFeeChecks),
	read("/v1/fee-rules/{feeRuleId}", viewer, "get-fee-rule", "Read a fee rule", (*API).getFeeRule),
	change("PUT /v1/fee-rules/{feeRuleId}", admin, "put-fee-rule", "Change a fee rule", (*API).putFeeRule),
	change("DELETE /v1/fee-rules/{feeRuleId}", admin, "delete-fee-rule", "Delete a fee rule", (*API).deleteFeeRule),

	raw("POST /v1/sources/{sourceId}/imports", analyst, "create-import", "Load a file", (*API).createImport, describeImport),
	read("/v1/sources/{sourceId}/imports", viewer, "list-imports", "List a source's imports, the latest first", (*API).listImports),
	read("/v1/imports/{importId}", viewer, "get-import", "Read an import", (*API).getImport),
	read("/v1/imports/{importId}/rejects", viewer, "list-rejects", "List the rows that were refused, and why", (*API).listRejects),
	post("/v1/imports/{importId}/void", analyst, "void-import", "Take an import's rows out again", http.StatusOK, (*API).voidImport),

	read("/v1/contexts/{contextId}/transactions", viewer, "list-transactions", "Search a context's rows", (*API).listTransactions),
	read("/v1/transactions/{transactionId}", viewer, "get-transaction", "Read a row with its state", (*API).getTransaction),
	read("/v1/transactions/{transactionId}/explanation", viewer, "explain-transaction", "Why a row is matched, or why not and what is nearest", (*API).explainTransaction),
	post("/v1/transactions/{transactionId}/ignore", analyst, "ignore-transaction", "Take an open row out of reconciliation", http.StatusOK, (*API).ignoreTransaction),
	post("/v1/transactions/{transactionId}/restore", analyst, "restore-transaction", "Take an ignored row back in", http.StatusOK, (*API).restoreTransaction),

	read("/v1/contexts/{contextId}/runs", viewer, "list-runs", "List a context's runs, the latest first", (*API).listRuns),
	post("/v1/contexts/{contextId}/runs", analyst, "create-run", "Start a run; watch it at its progress", http.StatusAccepted, (*API).createRun),
	read("/v1/runs/{runId}", viewer, "get-run", "Read a run", (*API).getRun),
	raw("GET /v1/runs/{runId}/progress", viewer, "watch-run", "Watch a run until it ends", (*API).runProgress, describeProgress),
	post("/v1/runs/{runId}/cancel", analyst, "cancel-run", "Ask a run to stop", http.StatusAccepted, (*API).cancelRun),
	ask("/v1/runs/{runId}/replay", analyst, "replay-run", "Do a run again as it was, and compare the outcome with what is stored", (*API).replayRun),
	read("/v1/runs/{runId}/groups", viewer, "list-run-groups", "List the groups that a run made", (*API).listRunGroups),

	read("/v1/contexts/{contextId}/groups", viewer, "list-groups", "List a context's groups", (*API).listContextGroups),
	read("/v1/groups/{groupId}", viewer, "get-group", "Read a group with its first items and its evidence", (*API).getGroup),
	read("/v1/groups/{groupId}/items", viewer, "list-group-items", "List the rows of a group", (*API).listGroupItems),
	post("/v1/contexts/{contextId}/groups", analyst, "create-group", "Match open rows by hand", http.StatusCreated, (*API).createGroup),
	post("/v1/groups/{groupId}/confirm", approver, "confirm-group", "Confirm a proposed or partial group", http.StatusOK, (*API).confirmGroup),
	post("/v1/groups/{groupId}/reject", approver, "reject-group", "Reject a proposed group; its rows are not offered together again", http.StatusOK, endGroup(recon.ActionReject)),
	post("/v1/groups/{groupId}/unmatch", approver, "unmatch-group", "Take a confirmed or partial group apart; its rows are open again", http.StatusOK, endGroup(recon.ActionUnmatch)),
	post("/v1/groups/{groupId}/comments", analyst, "comment-group", "Say something about a group", http.StatusCreated, (*API).commentGroup),
	read("/v1/groups/{groupId}/history", viewer, "list-group-history", "Read what people did to a group", (*API).listGroupHistory),
	post("/v1/groups/bulk", approver, "decide-groups", "Confirm, reject or unmatch many groups in one commit", http.StatusOK, (*API).decideGroups),

	read("/v1/groups/{groupId}/adjustments", viewer, "list-group-adjustments", "List the adjustments of a group", (*API).listGroupAdjustments),
	post("/v1/groups/{groupId}/adjustments", approver, "create-adjustment", "Cover what the sides of a group differ by", http.StatusCreated, (*API).createAdjustment),
	read("/v1/contexts/{contextId}/adjustments", viewer, "list-adjustments", "List a context's adjustments", (*API).listAdjustments),
	read("/v1/adjustments/{adjustmentId}", viewer, "get-adjustment", "Read an adjustment", (*API).getAdjustment),
	post("/v1/adjustments/{adjustmentId}/post", approver, "post-adjustment", "Say that an adjustment is in the books", http.StatusOK, (*API).postAdjustment),
	post("/v1/adjustments/{adjustmentId}/reverse", approver, "reverse-adjustment", "Take an adjustment back; what it covered can be adjusted anew", http.StatusOK, (*API).reverseAdjustment),

	read("/v1/exceptions", viewer, "list-exceptions", "List exceptions", (*API).listExceptions),
	read("/v1/exceptions/{exceptionId}", viewer, "get-exception", "Read an exception", (*API).getException),

	read("/v1/contexts/{contextId}/statement", viewer, "get-statement", "Read the bridge: left balance, reconciling items, right balance", (*API).getStatement),
	read("/v1/contexts/{contextId}/reports/ageing", viewer, "get-ageing", "Read how old what is open is: open rows and what is left of partial groups", (*API).getAgeing),
	read("/v1/events", viewer, "list-events", "Read the event feed", (*API).listEvents),
	read("/v1/audit", viewer, "list-audit", "Read the audit log, the latest entry first", (*API).listAudit),

	platform("GET /system/matcher", "list-settings", "List the runtime settings", http.StatusOK, (*API).listSettings),
	platform("GET /system/matcher/{key}", "get-setting", "Read a runtime setting", http.StatusOK, (*API).getSetting),
	platform("PUT /system/matcher/{key}", "put-setting", "Change a runtime setting on every instance", http.StatusOK, (*API).putSetting),
	platform("GET /system/matcher/{key}/history", "list-setting-history", "List the changes of a setting, the latest first", http.StatusOK, (*API).listSettingHistory),

	platform("GET /admin/tenants", "list-tenants", "List the tenants", http.StatusOK, (*API).listTenants),
	platform("POST /admin/tenants", "create-tenant", "Create a tenant and its schema", http.StatusCreated, (*API).createTenant),
	platform("GET /admin/tenants/{id}", "get-tenant", "Read a tenant, by id or slug", http.StatusOK, (*API).getTenant),
	platform("PATCH /admin/tenants/{id}", "change-tenant", "Change a tenant's name or limits", http.StatusOK, (*API).changeTenant),
	platform("DELETE /admin/tenants/{id}", "delete-tenant", "Delete a tenant; its data is erased when the grace is over", http.StatusOK, tenantTo((*lifecycle.Keeper).Delete)),
	platform("POST /admin/tenants/{id}/restore", "restore-tenant", "Bring a deleted tenant back", http.StatusOK, tenantTo((*lifecycle.Keeper).Restore)),
	platform("POST /admin/tenants/{id}/suspend", "suspend-tenant", "Refuse a tenant's callers and park its work", http.StatusOK, tenantTo((*lifecycle.Keeper).Suspend)),
	platform("POST /admin/tenants/{id}/resume", "resume-tenant", "Let a suspended tenant go on", http.StatusOK, tenantTo((*lifecycle.Keeper).Resume)),
	platform("POST /admin/migrations", "migrate-tenants", "Bring the schemas of all tenants up to date; repeat while some remain", http.StatusOK, (*API).migrateTenants),
	platform("GET /admin/audit", "list-tenant-audit", "Read what was done to tenants, the latest first", http.StatusOK, (*API).listTenantAudit),
	platform("GET /tenants/{id}/services/matcher/settings", "get-managed-settings", "Answer another installation who a tenant is", http.StatusOK, (*API).getManaged).heldBy(auth.RoleTenantReader),
	platform("GET /v1/tenants/{id}/associations/matcher/connections", "get-managed-connections", "The same, at the standard's other path", http.StatusOK, (*API).getManaged).heldBy(auth.RoleTenantReader),
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
