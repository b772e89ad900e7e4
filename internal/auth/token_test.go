//go:build unit || !integration

package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

const (
	testSecret    = "7c0f8be1d3a94f52b6e07d81c4a2935f" // 32 bytes, random, of no other use
	testIssuer    = "https://id.example.test"
	testAudience  = "matcher"
	tenantA       = "0a6f9c1e-7b32-4d58-9e41-c2d5b8f7a310"
	tenantB       = "f3b1d2c4-5e6a-4788-8c9d-0e1f2a3b4c5d"
	defaultTenant = "11111111-1111-1111-1111-111111111111"
)

var startOfTime = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: startOfTime} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func testConfig(c *clock) Config {
	return Config{
		Secret: testSecret, Issuer: testIssuer, Audience: testAudience, Now: c.Now,
		Tenancy: Tenancy{MultiTenant: true, DefaultTenantID: defaultTenant}, MaxTokenLife: 365 * 24 * time.Hour,
	}
}

func newTestVerifier(t testing.TB, cfg Config) *Verifier {
	t.Helper()
	v, err := NewVerifier(cfg)
	require.NoError(t, err)
	return v
}

// goodClaims is a token body that passes; tests change one member each. A nil value removes the member.
func goodClaims(change map[string]any) jwt.MapClaims {
	members := jwt.MapClaims{
		"sub": "user-1", "iss": testIssuer, "aud": testAudience, "tenantId": tenantA, "roles": []string{"analyst"},
		"iat": startOfTime.Unix(), "exp": startOfTime.Add(time.Hour).Unix(),
	}
	maps.Copy(members, change)
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == nil })
	return members
}

func sign(t testing.TB, method jwt.SigningMethod, key any, header map[string]any, members jwt.Claims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, members)
	maps.Copy(token.Header, header)
	maps.DeleteFunc(token.Header, func(_ string, value any) bool { return value == nil })
	signed, err := token.SignedString(key)
	require.NoError(t, err)
	return signed
}

func signHS256(t testing.TB, change map[string]any) string {
	t.Helper()
	return sign(t, jwt.SigningMethodHS256, []byte(testSecret), nil, goodClaims(change))
}

// rawToken signs header and body to the byte, for what no encoder would write.
func rawToken(header, body string) string {
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(header)) + "." + encode([]byte(body))
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

const plainHeader = `{"alg":"HS256","typ":"JWT"}`

// rawBody is a good body with one more piece of JSON at its end.
func rawBody(t testing.TB, change map[string]any, tail string) string {
	t.Helper()
	body, err := json.Marshal(goodClaims(change))
	require.NoError(t, err)
	return strings.TrimSuffix(string(body), "}") + tail + "}"
}

func requireUnauthorized(t testing.TB, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, recon.KindUnauthorized, recon.KindOf(err), "got %v", err)
}

type keyPairs struct {
	rsa     *rsa.PrivateKey
	ec      *ecdsa.PrivateKey
	ed      ed25519.PrivateKey
	weakRSA *rsa.PrivateKey
}

// testKeys are made once: RSA keys are slow to find.
var testKeys = sync.OnceValue(func() keyPairs {
	var k keyPairs
	k.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.weakRSA, _ = rsa.GenerateKey(rand.Reader, 1024)
	k.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, k.ed, _ = ed25519.GenerateKey(rand.Reader)
	return k
})

func TestVerifier_AcceptsAGoodToken(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, testConfig(newClock()))
	principal, err := v.Verify(context.Background(), signHS256(t, nil))
	require.NoError(t, err)
	require.Equal(t, Principal{Subject: "user-1", TenantID: tenantA, Roles: []Role{RolePreparer}}, principal)
}

func TestVerifier_AcceptsEachAsymmetricAlgorithm(t *testing.T) {
	t.Parallel()
	idp := newIdentityProvider(t, publicKeySet(t))
	v := newTestVerifier(t, idp.config(newClock()))
	for name, token := range asymmetricTokens(t) {
		principal, err := v.Verify(context.Background(), token)
		require.NoError(t, err, name)
		require.Equal(t, tenantA, principal.TenantID, name)
	}
}

func asymmetricTokens(t testing.TB) map[string]string {
	t.Helper()
	keys := testKeys()
	return map[string]string{
		"RS256": sign(t, jwt.SigningMethodRS256, keys.rsa, map[string]any{"kid": "rsa"}, goodClaims(nil)),
		"ES256": sign(t, jwt.SigningMethodES256, keys.ec, map[string]any{"kid": "ec"}, goodClaims(nil)),
		"EdDSA": sign(t, jwt.SigningMethodEdDSA, keys.ed, map[string]any{"kid": "ed"}, goodClaims(nil)),
	}
}

func TestT18_AlgNoneAndMissingSignatures(t *testing.T) {
	t.Parallel()
	idp := newIdentityProvider(t, publicKeySet(t))
	cfg := idp.config(newClock())
	cfg.Secret = testSecret
	v := newTestVerifier(t, cfg)
	good := signHS256(t, nil)
	parts := strings.Split(good, ".")
	body := parts[1]
	encode := base64.RawURLEncoding.EncodeToString
	tokens := map[string]string{
		"empty signature":    parts[0] + "." + body + ".",
		"two parts":          parts[0] + "." + body,
		"one part":           parts[0],
		"four parts":         good + ".x",
		"empty":              "",
		"only dots":          "..",
		"other body":         parts[0] + "." + encode([]byte(rawBody(t, map[string]any{"tenantId": tenantB}, ""))) + "." + parts[2],
		"signature of zeros": parts[0] + "." + body + "." + encode(make([]byte, 32)),
		"padded":             good + "=",
		"white space":        good + "\n",
		"spare bits set":     good[:len(good)-1] + withSpareBit(good[len(good)-1]),
	}
	for _, alg := range []string{"none", "None", "nOnE", "NONE", "hs256", "HS384", "HS512", "PS256", "", "null"} {
		header := encode([]byte(`{"alg":"` + alg + `","typ":"JWT"}`))
		tokens["alg "+alg+" no signature"] = header + "." + body + "."
		tokens["alg "+alg+" old signature"] = header + "." + body + "." + parts[2]
		tokens["alg "+alg+" two parts"] = header + "." + body
	}
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, goodClaims(nil)).SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)
	tokens["the library's own none"] = unsigned
	for name, token := range tokens {
		_, err := v.Verify(context.Background(), token)
		require.Error(t, err, name)
		requireUnauthorized(t, err)
	}
	_, err = v.Verify(context.Background(), good)
	require.NoError(t, err, "the token all of these were made from is good")
}

// withSpareBit changes a bit that 43 base64 letters have beyond 32 bytes, so a lax decoder reads the same signature.
func withSpareBit(letter byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, letter)^1])
}

func TestT19_KeyConfusion(t *testing.T) {
	t.Parallel()
	keys := testKeys()
	idp := newIdentityProvider(t, publicKeySet(t))
	onlyKeys := newTestVerifier(t, idp.config(newClock()))
	both := idp.config(newClock())
	both.Secret = testSecret
	withSecret := newTestVerifier(t, both)

	tokens := map[string]string{
		"ES256 under the RSA key's id":  sign(t, jwt.SigningMethodES256, keys.ec, map[string]any{"kid": "rsa"}, goodClaims(nil)),
		"RS256 under the EC key's id":   sign(t, jwt.SigningMethodRS256, keys.rsa, map[string]any{"kid": "ec"}, goodClaims(nil)),
		"EdDSA under the RSA key's id":  sign(t, jwt.SigningMethodEdDSA, keys.ed, map[string]any{"kid": "rsa"}, goodClaims(nil)),
		"RS384 under the RSA key's id":  sign(t, jwt.SigningMethodRS384, keys.rsa, map[string]any{"kid": "rsa"}, goodClaims(nil)),
		"PS256 under the RSA key's id":  sign(t, jwt.SigningMethodPS256, keys.rsa, map[string]any{"kid": "rsa"}, goodClaims(nil)),
		"RS256 by a 1024-bit key":       sign(t, jwt.SigningMethodRS256, keys.weakRSA, map[string]any{"kid": "weak"}, goodClaims(nil)),
		"RS256 without a key id":        sign(t, jwt.SigningMethodRS256, keys.rsa, nil, goodClaims(nil)),
		"RS256 with a number as key id": sign(t, jwt.SigningMethodRS256, keys.rsa, map[string]any{"kid": 7}, goodClaims(nil)),
		"HS256 by the published secret": sign(t, jwt.SigningMethodHS256, []byte(publishedSecret), map[string]any{"kid": "oct"}, goodClaims(nil)),
		"HS256 by the empty secret":     sign(t, jwt.SigningMethodHS256, []byte{}, nil, goodClaims(nil)),
	}
	for name, secret := range publicKeyBytes(t) {
		for kid := range map[string]bool{"rsa": true, "ec": true, "ed": true} {
			tokens["HS256 by "+name+" as "+kid] = sign(t, jwt.SigningMethodHS256, secret, map[string]any{"kid": kid}, goodClaims(nil))
		}
	}
	for name, token := range tokens {
		for mode, v := range map[string]*Verifier{"keys": onlyKeys, "keys and secret": withSecret} {
			_, err := v.Verify(context.Background(), token)
			require.Error(t, err, "%s, %s", name, mode)
			requireUnauthorized(t, err)
		}
	}
	_, err := onlyKeys.Verify(context.Background(), signHS256(t, nil))
	requireUnauthorized(t, err)
	_, err = newTestVerifier(t, testConfig(newClock())).Verify(context.Background(), asymmetricTokens(t)["RS256"])
	requireUnauthorized(t, err)
}

// publicKeyBytes are the spellings of a public key that attackers feed to HMAC.
func publicKeyBytes(t testing.TB) map[string][]byte {
	t.Helper()
	keys := testKeys()
	spellings := map[string][]byte{
		"RSA modulus":    keys.rsa.N.Bytes(),
		"Ed25519 public": keys.ed.Public().(ed25519.PublicKey),
	}
	for name, key := range map[string]any{"RSA": keys.rsa.Public(), "EC": keys.ec.Public()} {
		der, err := x509.MarshalPKIXPublicKey(key)
		require.NoError(t, err)
		spellings[name+" DER"] = der
		spellings[name+" PEM"] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	return spellings
}

func TestT21_TimeAudienceIssuerAndType(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, testConfig(newClock()))
	at := func(d time.Duration) int64 { return startOfTime.Add(d).Unix() }
	refused := map[string]map[string]any{
		"expired":                {"exp": at(-time.Second)},
		"expires now":            {"exp": at(0)},
		"expired within skew":    {"exp": at(-30 * time.Second)},
		"no exp":                 {"exp": nil},
		"exp is text":            {"exp": "4102444800"},
		"exp is huge":            {"exp": 1e300},
		"exp beyond year 9999":   {"exp": 253402300800},
		"exp is negative":        {"exp": -1},
		"exp is a list":          {"exp": []int64{at(time.Hour)}},
		"nbf beyond skew":        {"nbf": at(61 * time.Second)},
		"nbf is text":            {"nbf": "soon"},
		"iat beyond skew":        {"iat": at(61 * time.Second)},
		"iat is an object":       {"iat": map[string]int{"a": 1}},
		"no aud":                 {"aud": nil},
		"wrong aud":              {"aud": "ledger"},
		"aud only contains ours": {"aud": "matcher-admin"},
		"empty aud":              {"aud": ""},
		"aud of numbers":         {"aud": []int{1}},
		"aud with a null":        {"aud": []any{testAudience, nil}},
		"no iss":                 {"iss": nil},
		"wrong iss":              {"iss": testIssuer + "/"},
		"iss is a list":          {"iss": []string{testIssuer}},
		"no sub":                 {"sub": nil},
		"empty sub":              {"sub": ""},
		"sub is a number":        {"sub": 7},
		"sub with a line break":  {"sub": "a\nb"},
		"sub too long":           {"sub": strings.Repeat("a", 256)},
	}
	for name, change := range refused {
		_, err := v.Verify(context.Background(), signHS256(t, change))
		require.Error(t, err, name)
		requireUnauthorized(t, err)
	}
	accepted := map[string]map[string]any{
		"nbf within skew":     {"nbf": at(59 * time.Second)},
		"iat within skew":     {"iat": at(59 * time.Second)},
		"no iat":              {"iat": nil},
		"expires in a second": {"exp": at(time.Second)},
		"exp with a fraction": {"exp": float64(at(time.Minute)) + 0.5},
		"aud is a list":       {"aud": []string{"ledger", testAudience}},
	}
	for name, change := range accepted {
		_, err := v.Verify(context.Background(), signHS256(t, change))
		require.NoError(t, err, name)
	}
	_, err := v.Verify(context.Background(), signHS256(t, map[string]any{"exp": at(-time.Hour)}))
	require.Equal(t, "TOKEN_EXPIRED", recon.CodeOf(err), "a client must be able to tell that it only has to sign in again")
}

func TestT21_HeaderOfTheToken(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, testConfig(newClock()))
	body := rawBody(t, nil, "")
	for _, header := range []string{
		`{"alg":"HS256"}`,
		`{"alg":"HS256","typ":null}`,
		`{"alg":"HS256","typ":"logout+jwt"}`,
		`{"alg":"HS256","typ":"dpop+jwt"}`,
		`{"alg":"HS256","typ":"JOSE"}`,
		`{"alg":"HS256","typ":"JWT","crit":["exp"]}`,
		`{"alg":"HS256","typ":"JWT","b64":false,"crit":["b64"]}`,
		`{"alg":"HS256","alg":"HS256","typ":"JWT"}`,
		`{"alg":"none","typ":"JWT","alg":"HS256"}`,
		`{"alg":["HS256"],"typ":"JWT"}`,
		`{"typ":"JWT"}`,
		`[]`, `null`, `"HS256"`, `{`, ``, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"x\":\"\xff\"}",
	} {
		_, err := v.Verify(context.Background(), rawToken(header, body))
		require.Error(t, err, header)
		requireUnauthorized(t, err)
	}
	for _, typ := range []string{"JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"} {
		_, err := v.Verify(context.Background(), rawToken(`{"alg":"HS256","typ":"`+typ+`"}`, body))
		require.NoError(t, err, typ)
	}
}

// The whole bearer path is measured, through net/http's header to the middleware's refusal.
func TestT25_AMegabyteOfDotsCostsNothing(t *testing.T) {
	c := newClock()
	v := newTestVerifier(t, testConfig(c))
	handler := Authenticate(v, func(w http.ResponseWriter, _ *http.Request, err error) {
		requireUnauthorized(t, err)
		w.WriteHeader(http.StatusUnauthorized)
	})(http.NotFoundHandler())
	request := func(authorization string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/v1/me", http.NoBody)
		r.Header.Set("Authorization", authorization)
		return r
	}
	normal := func() func() {
		// Each token is new, so that the cache does not answer.
		n := 0
		tokens := make([]string, 300)
		for i := range tokens {
			tokens[i] = signHS256(t, map[string]any{"jti": i})
		}
		return func() {
			handler.ServeHTTP(httptest.NewRecorder(), request("Bearer "+tokens[n]))
			n++
		}
	}()
	normalAllocs, normalBytes := allocations(normal)
	for name, authorization := range map[string]string{
		"1 MB of dots":              "Bearer " + strings.Repeat(".", 1<<20),
		"16 KB of dots":             "Bearer " + strings.Repeat(".", maxTokenBytes),
		"1 MB of dots and a space":  strings.Repeat(".", 1<<20) + " x",
		"1 MB of one letter":        "Bearer " + strings.Repeat("a", 1<<20),
		"1 MB of spaces":            "Bearer" + strings.Repeat(" ", 1<<20),
		"no scheme, 1 MB of dots":   strings.Repeat(".", 1<<20),
		"1 MB of dots as signature": signHS256(t, nil) + strings.Repeat(".", 1<<20),
	} {
		r := request(authorization)
		allocs, bytes := allocations(func() { handler.ServeHTTP(httptest.NewRecorder(), r) })
		require.LessOrEqual(t, allocs, 2*normalAllocs, name)
		require.LessOrEqual(t, bytes, 2*normalBytes, name)
	}
}

// allocations is the number and the bytes of heap allocations of one call, averaged.
func allocations(fn func()) (count, bytes float64) {
	const runs = 100
	count = testing.AllocsPerRun(runs, fn)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		fn()
	}
	runtime.ReadMemStats(&after)
	return count, float64(after.TotalAlloc-before.TotalAlloc) / runs
}

func TestVerifier_CacheEndsWithTheTokenOrAfterAMinute(t *testing.T) {
	t.Parallel()
	c := newClock()
	v := newTestVerifier(t, testConfig(c))
	short := signHS256(t, map[string]any{"exp": startOfTime.Add(20 * time.Second).Unix()})
	long := signHS256(t, nil)
	for _, token := range []string{short, long} {
		_, err := v.Verify(context.Background(), token)
		require.NoError(t, err)
	}
	v.secret = []byte("the key was withdrawn; only the cache knows the token now")
	c.Advance(19 * time.Second)
	_, err := v.Verify(context.Background(), short)
	require.NoError(t, err)
	c.Advance(time.Second)
	_, err = v.Verify(context.Background(), short)
	requireUnauthorized(t, err)
	_, err = v.Verify(context.Background(), long)
	require.NoError(t, err)
	c.Advance(40 * time.Second)
	_, err = v.Verify(context.Background(), long)
	requireUnauthorized(t, err)
}

func TestVerifier_CacheIsBoundedAndNotSharedWithCallers(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, testConfig(newClock()))
	token := signHS256(t, nil)
	for range 2 {
		principal, err := v.Verify(context.Background(), token)
		require.NoError(t, err)
		require.Equal(t, []Role{RolePreparer}, principal.Roles)
		principal.Roles[0] = RoleAdmin
	}
	require.EqualValues(t, maxCachedTokens, v.cache.GetMaximum())
	_, err := v.Verify(context.Background(), token+"x")
	requireUnauthorized(t, err)
	v.cache.CleanUp()
	require.Equal(t, 1, v.cache.EstimatedSize(), "refusals take no room")
}

func BenchmarkVerify(b *testing.B) {
	idp := newIdentityProvider(b, publicKeySet(b))
	cfg := idp.config(newClock())
	cfg.Secret = testSecret
	v := newTestVerifier(b, cfg)
	tokens := asymmetricTokens(b)
	tokens["HS256"] = signHS256(b, nil)
	for _, alg := range []string{"HS256", "RS256", "ES256", "EdDSA"} {
		b.Run(alg+"/uncached", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.check(context.Background(), tokens[alg], startOfTime); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(alg+"/cached", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(context.Background(), tokens[alg]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	c := newClock()
	cfg := testConfig(c)
	v := newTestVerifier(f, cfg)
	good := signHS256(f, nil)
	for _, seed := range []string{good, "", "..", good[:len(good)-1], good + ".", "a.b.c", rawToken(plainHeader, `null`), strings.Repeat(".", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		principal, err := v.Verify(context.Background(), token)
		if err == nil && (principal.Subject != "user-1" || principal.TenantID != tenantA) {
			t.Fatalf("a token nobody signed was accepted: %q", token)
		}
		if err != nil && recon.KindOf(err) != recon.KindUnauthorized {
			t.Fatalf("not a 401: %v", err)
		}
	})
}
