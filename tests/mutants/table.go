package main

// mutant is one deliberate break: in file, the text old becomes broken, and the test of pkg turns red.
type mutant struct {
	row         int
	why         string
	file        string
	old, broken string
	extra       string // appended to the file, for what the broken text calls
	test        string
	pkg, tags   string
}

const (
	adapters = "internal/shared/infrastructure/tenant/adapters"
	m2mPage  = "docs/compliance/m2m-credentials.md"
)

// mutants are in the order of the standard's rows, one each.
var mutants = []mutant{
	{
		row: 1, why: "the tenant is taken from a bare header",
		file: "internal/auth/middleware.go",
		old:  "principal, ok := PrincipalFrom(r.Context())\n\t\tif !ok {",
		broken: `principal, ok := PrincipalFrom(r.Context())
		for _, id := range r.Header["X-Tenant-Id"] {
			return WithTenant(r.Context(), id), nil
		}
		if !ok {`,
		test: "TestAdmit_TheTenantIsTheTokensOnEveryRoute", pkg: "./internal/httpapi",
	},
	{
		row: 2, why: "a tenant id in capitals passes",
		file: "internal/auth/identifier.go", old: "if !uuidByteAt(i, s[i]) {", broken: "if !uuidByteAt(i, s[i]|0x20) {",
		test: "TestT23_OnlyCanonicalTenantIds", pkg: "./internal/auth",
	},
	{
		row: 3, why: "no role is asked of a route",
		file: "internal/auth/middleware.go",
		old:  "return r.Context(), RequireRole(r.Context(), role)", broken: "return r.Context(), nil",
		test: "TestTenantExtractor_TokenThenPermissionThenTenant", pkg: "./internal/auth",
	},
	{
		row: 4, why: "a default of the tenancy table changes",
		file: "internal/bootstrap/config.go",
		old:  "`env:\"MULTI_TENANT_CONFIG_CACHE_TTL_SEC\" envDefault:\"300\"", broken: "`env:\"MULTI_TENANT_CONFIG_CACHE_TTL_SEC\" envDefault:\"299\"",
		test: "TestConfigHoldsTheTenancyTable", pkg: "./tests/tidy",
	},
	{
		row: 5, why: "a single tenant takes tokens of others",
		file: "internal/auth/middleware.go",
		old:  "case !t.MultiTenant && claim != t.DefaultTenantID:", broken: `case !t.MultiTenant && claim == "":`,
		test: "TestMultiTenant_BackwardCompatibility", pkg: "./internal/httpapi", tags: "integration",
	},
	{
		row: 6, why: "the tenant manager is asked without a key",
		file: adapters + "/remote_configuration.go",
		old:  `request.Header.Set("X-API-Key", m.settings.APIKey)`, broken: `request.Header.Set("X-API-Key", "")`,
		test: "TestRemoteConfiguration_Contract", pkg: "./" + adapters,
	},
	{
		row: 7, why: "the breaker opens one failure late",
		file: adapters + "/remote_breakers.go", old: "counts.ConsecutiveFailures >= b.threshold", broken: "counts.ConsecutiveFailures > b.threshold",
		test: "TestBreaker_OpensAfterFiveFailuresInARow", pkg: "./" + adapters,
	},
	{
		row: 8, why: "public is on the search path",
		file: "internal/postgres/db.go", old: "path := []string{schema}", broken: `path := []string{schema, "public"}`,
		test: "TestT10_TableMissing_IsAnErrorAndNeverPublics", pkg: "./internal/postgres", tags: "integration",
	},
	{
		row: 9, why: "a tenant's share has one slot more than it should",
		file: adapters + "/database_pool.go", old: "semaphore.NewWeighted(int64(size))", broken: "semaphore.NewWeighted(int64(size) + 1)",
		test: "TestDatabasePool_Shares", pkg: "./" + adapters,
	},
	{
		row: 10, why: "a replica is read that has not replayed the caller's write",
		file: "internal/postgres/db.go", old: "db.replicas.state(s.lease.Placement).wrote(tenantID, time.Now())", broken: "_ = time.Now()",
		test: "TestT71_APausedReplicaShowsNobodyAPastThatMatters", pkg: "./internal/postgres", tags: "integration",
	},
	{
		row: 11, why: "jobs run under the tenant of the first one",
		file: "internal/jobs/jobs.go", old: "handler(auth.WithTenant(ctx, job.Args.Job.TenantID), job.Args.Job)",
		broken: "handler(auth.WithTenant(ctx, firstTenant(job.Args.Job.TenantID)), job.Args.Job)",
		extra: `
var first string

func firstTenant(id string) string {
	if first == "" {
		first = id
	}
	return first
}
`,
		test: "TestJobsOfTwoTenantsAtOnce", pkg: "./internal/jobs", tags: "integration",
	},
	{
		row: 12, why: "a Redis key lacks its tenant",
		file: "internal/auth/scope.go", old: `key.WriteString("tenant:" + tenantID)`, broken: `key.WriteString("tenant:" + tenantID[:8])`,
		test: "TestScopedRedisSegments_DifferentInputsAreDifferentKeys", pkg: "./internal/auth",
	},
	{
		row: 13, why: "a key is answered though its body differs",
		file: "internal/postgres/idempotency.go", old: "case !bytes.Equal(stored[0].BodyHash, r.BodyHash):", broken: "case len(stored[0].BodyHash) != len(r.BodyHash) && !bytes.Equal(stored[0].BodyHash, r.BodyHash):",
		test: "TestT78_Idempotency", pkg: "./internal/postgres", tags: "integration",
	},
	{
		row: 14, why: "one tenant's requests count for all",
		file: "internal/httpapi/rate_limit.go",
		old:  `a.tenantRate(ctx, limits.Tenant), []string{"rate", "tenant"}`, broken: `Rate{}, []string{"rate", "tenant"}`,
		test: "TestRateLimits", pkg: "./internal/httpapi", tags: "integration",
	},
	{
		row: 15, why: "a path separator passes in an object's key",
		file: "internal/auth/scope.go", old: "strings.ContainsAny(segment, `/\\%`)", broken: "strings.ContainsAny(segment, `%`)",
		test: "TestScopedObjectStorageKey", pkg: "./internal/auth",
	},
	{
		row: 16, why: "a message lacks its tenant's header",
		file: "internal/shared/adapters/rabbitmq/message.go",
		old:  "amqp.Table{HeaderTenant: tenantID}", broken: "amqp.Table{}",
		test: "TestPublishing", pkg: "./internal/shared/adapters/rabbitmq",
	},
	{
		row: 17, why: "requests in flight are cut off at the end",
		file: "internal/bootstrap/run.go",
		old:  "err := server.Shutdown(grace); err != nil", broken: "err := errors.Join(server.Close(), grace.Err()); err != nil",
		test: "TestServe_ARequestInFlightAtSIGTERMIsAnswered", pkg: "./cmd/matcher", tags: "integration",
	},
	{
		row: 18, why: "a changed setting stays on the instance that took it",
		file: "internal/bootstrap/settings.go", old: "err := s.poll(ctx)", broken: "err := ctx.Err()",
		test: "TestSettings_ReachEveryInstanceWithinTwoSeconds", pkg: "./internal/httpapi", tags: "integration",
	},
	{
		row: 19, why: "a rule of the house finds nothing",
		file: "tests/tidy/purity_test.go", old: "`(?i)^(x-)?tenant([-_]?id)?$`", broken: "`^never$`",
		test: "TestRulesFindWhatTheyForbid", pkg: "./tests/tidy",
	},
	{
		row: 20, why: "every tenant is given the first one's schema",
		file: "internal/postgres/db.go",
		old:  "schema := auth.QuoteIdentifier(lease.Tenant.TenantID)", broken: "schema := auth.QuoteIdentifier(firstOf(lease.Tenant.TenantID))",
		extra: `
var first string

func firstOf(id string) string {
	if first == "" {
		first = id
	}
	return first
}
`,
		test: "TestCrossTenantIsolation_H03", pkg: "./tests/integration/tenant", tags: "integration",
	},
	{
		row: 21, why: "a schema is made for an id that is no UUID",
		file: adapters + "/schema_provisioner.go", old: "if !auth.IsUUID(tenantID) {", broken: `if tenantID == "" {`,
		test: "TestProvisionTenantSchema_InvalidTenantID_ReturnsError", pkg: "./tests/integration/tenant", tags: "integration",
	},
	{
		row: 22, why: "a tenant event is heard and dropped",
		file: adapters + "/redis_event_listener.go",
		old:  "if !queue.offer(event) {", broken: `if event.TenantID != "" {`,
		test: "TestT89_ListenerSurvivesItsHandlerAndStopsWithoutALeak", pkg: "./" + adapters,
	},
	{
		row: 23, why: "an expired configuration is still believed",
		file: adapters + "/cached_configuration.go", old: "case now.Before(entry.expiresAt):", broken: "case now.Before(entry.expiresAt.Add(time.Second)):",
		test: "TestCachedConfiguration_HitAndExpiry", pkg: "./" + adapters,
	},
	{
		row: 24, why: "the page's status changes",
		file: m2mPage, old: "Status: EXEMPT (No Target Services)", broken: "Status: COMPLIANT",
		test: "TestCompliancePages", pkg: "./tests/tidy",
	},
	{
		row: 25, why: "a metric is no longer marked as not applicable",
		file: m2mPage, old: "| `m2m_credential_fetch_errors` | N/A |", broken: "| `m2m_credential_fetch_errors` | counted |",
		test: "TestCompliancePages", pkg: "./tests/tidy",
	},
	{
		row: 26, why: "the routing key lacks its tenant",
		file: "internal/shared/adapters/rabbitmq/routing.go", old: `return baseKey + "." + tenantID`, broken: `return baseKey`,
		test: "TestTenantScopedRoutingKey", pkg: "./internal/shared/adapters/rabbitmq",
	},
	{
		row: 27, why: "the page's status changes",
		file: "docs/compliance/multi-tenant-middleware.md", old: "Status: COMPLIANT (Functional Equivalence)", broken: "Status: EXEMPT",
		test: "TestCompliancePages", pkg: "./tests/tidy",
	},
}
