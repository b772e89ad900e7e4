//go:build unit || !integration

package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// publishedSecret is a symmetric key that a careless provider put into its public set.
const publishedSecret = "e1b7f0c25a9d4863b4d2f6078c1e9a35"

// identityProvider is a real HTTP server whose answers the test directs.
type identityProvider struct {
	*httptest.Server
	requests atomic.Int32
	entered  chan struct{} // gets one value for each request, before it is answered
	mu       sync.Mutex
	answer   http.HandlerFunc
}

func newIdentityProvider(t testing.TB, keySet string) *identityProvider {
	t.Helper()
	idp := &identityProvider{entered: make(chan struct{}, 1000)}
	idp.serve(keySet)
	idp.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		idp.requests.Add(1)
		idp.entered <- struct{}{}
		idp.mu.Lock()
		answer := idp.answer
		idp.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(idp.Close)
	return idp
}

func (p *identityProvider) respond(answer http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *identityProvider) serve(keySet string) {
	p.respond(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, keySet) })
}

func (p *identityProvider) config(c *clock) Config {
	cfg := testConfig(c)
	cfg.Secret, cfg.JWKSURL = "", p.URL
	return cfg
}

// settle waits for the fetch in flight, if there is one.
func settle(v *Verifier) {
	store := v.remote.Storage().(*keyStore)
	store.mu.Lock()
	done := store.inFlight
	store.mu.Unlock()
	if done != nil {
		<-done
	}
}

func publicJWK(t testing.TB, kid string, key any, use jwkset.USE) string {
	t.Helper()
	jwk, err := jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: kid, USE: use}})
	require.NoError(t, err)
	data, err := json.Marshal(jwk.Marshal())
	require.NoError(t, err)
	return string(data)
}

func keySetOf(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

// publicKeySet is what a provider publishes, with some members that must be passed over.
func publicKeySet(t testing.TB) string {
	t.Helper()
	keys := testKeys()
	secret := base64.RawURLEncoding.EncodeToString([]byte(publishedSecret))
	return keySetOf(
		`{"kty":"RSA","kid":"broken","n":"!","e":"AQAB"}`,
		`{"kty":"NEW","kid":"unknown-kind"}`,
		`{"kty":"oct","kid":"oct","alg":"HS256","k":"`+secret+`"}`,
		publicJWK(t, "enc", keys.rsa.Public(), jwkset.UseEnc),
		publicJWK(t, "weak", keys.weakRSA.Public(), jwkset.UseSig),
		publicJWK(t, "rsa", keys.rsa.Public(), jwkset.UseSig),
		publicJWK(t, "ec", keys.ec.Public(), ""),
		publicJWK(t, "ed", keys.ed.Public(), jwkset.UseSig),
	)
}

func signAs(t testing.TB, kid string, n int) string {
	t.Helper()
	return sign(t, jwt.SigningMethodES256, testKeys().ec, map[string]any{"kid": kid}, goodClaims(map[string]any{"jti": n, "exp": startOfTime.Add(1000 * time.Hour).Unix()}))
}

func verify(v *Verifier, token string) error {
	_, err := v.Verify(context.Background(), token)
	return err
}

func TestT29_KnownKeysSurviveTheProvider(t *testing.T) {
	t.Parallel()
	c := newClock()
	idp := newIdentityProvider(t, publicKeySet(t))
	cfg := idp.config(c)
	cfg.KeyTTL = 2 * time.Hour
	v := newTestVerifier(t, cfg)
	require.NoError(t, verify(v, signAs(t, "ec", 1)))
	idp.Close()

	for n := 2; c.Now().Sub(startOfTime) < 110*time.Minute; n++ {
		c.Advance(10 * time.Minute)
		require.NoError(t, verify(v, signAs(t, "ec", n)), "a new token by a known key, %s after the last answer", c.Now().Sub(startOfTime))
		settle(v)
		requireUnauthorized(t, verify(v, signAs(t, "never-seen", n)))
		settle(v)
	}
	c.Advance(10 * time.Minute)
	err := verify(v, signAs(t, "ec", 1000))
	require.Equal(t, recon.KindUnavailable, recon.KindOf(err), "past the TTL the keys are no longer trusted: %v", err)
}

func TestT29_OneFetchInFlightForAllWhoWait(t *testing.T) {
	t.Parallel()
	c := newClock()
	idp := newIdentityProvider(t, "")
	release := make(chan struct{})
	keySet := publicKeySet(t)
	idp.respond(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = io.WriteString(w, keySet)
	})
	v := newTestVerifier(t, idp.config(c))

	const callers = 50
	results := make(chan error, callers)
	for n := range callers {
		token := signAs(t, "ec", n)
		go func() { results <- verify(v, token) }()
	}
	<-idp.entered
	close(release)
	for range callers {
		require.NoError(t, <-results)
	}
	require.EqualValues(t, 1, idp.requests.Load())
}

func TestT29_UnknownKeyIdsCannotStormTheProvider(t *testing.T) {
	t.Parallel()
	c := newClock()
	idp := newIdentityProvider(t, publicKeySet(t))
	v := newTestVerifier(t, idp.config(c))
	require.NoError(t, verify(v, signAs(t, "ec", 0)))
	for n := range 200 {
		requireUnauthorized(t, verify(v, signAs(t, fmt.Sprintf("made-up-%d", n), n)))
	}
	require.EqualValues(t, 1, idp.requests.Load(), "the set was just read")
	c.Advance(fetchCooldown)
	for n := range 200 {
		requireUnauthorized(t, verify(v, signAs(t, fmt.Sprintf("made-up-%d", n), n)))
	}
	require.EqualValues(t, 2, idp.requests.Load())
	require.NoError(t, verify(v, signAs(t, "ec", 1)), "good tokens are not locked out meanwhile")
}

func TestT29_ProviderDownFromTheStartThenUp(t *testing.T) {
	t.Parallel()
	c := newClock()
	idp := newIdentityProvider(t, "")
	idp.respond(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	v := newTestVerifier(t, idp.config(c))
	for n := range 100 {
		err := verify(v, signAs(t, "ec", n))
		require.Equal(t, "AUTH_KEYS_UNAVAILABLE", recon.CodeOf(err), "%v", err)
		var refusal *recon.Error
		require.ErrorAs(t, err, &refusal)
		require.Positive(t, refusal.RetryAfter)
	}
	require.EqualValues(t, 1, idp.requests.Load())
	idp.serve(publicKeySet(t))
	c.Advance(fetchCooldown)
	require.NoError(t, verify(v, signAs(t, "ec", 100)))
}

func TestT29_ACallerWhoHangsUpDoesNotCancelTheFetchOfOthers(t *testing.T) {
	t.Parallel()
	idp := newIdentityProvider(t, "")
	release := make(chan struct{})
	keySet := publicKeySet(t)
	idp.respond(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = io.WriteString(w, keySet)
	})
	v := newTestVerifier(t, idp.config(newClock()))
	ctx, cancel := context.WithCancel(context.Background())
	first, token := make(chan error, 1), signAs(t, "ec", 1)
	go func() {
		_, err := v.Verify(ctx, token)
		first <- err
	}()
	<-idp.entered
	cancel()
	requireUnauthorized(t, <-first)
	close(release)
	settle(v)
	require.NoError(t, verify(v, token))
}

func TestKeyStore_RotationReplacesTheSetInTheBackground(t *testing.T) {
	t.Parallel()
	c := newClock()
	keys := testKeys()
	idp := newIdentityProvider(t, keySetOf(publicJWK(t, "old", keys.ec.Public(), jwkset.UseSig)))
	v := newTestVerifier(t, idp.config(c))
	require.NoError(t, verify(v, signAs(t, "old", 1)))
	idp.serve(keySetOf(publicJWK(t, "new", keys.ec.Public(), jwkset.UseSig)))
	c.Advance(fetchCooldown)
	require.NoError(t, verify(v, signAs(t, "new", 2)), "an unknown key id reads the set again")
	requireUnauthorized(t, verify(v, signAs(t, "old", 3)))

	idp.serve(keySetOf(publicJWK(t, "third", keys.ec.Public(), jwkset.UseSig)))
	c.Advance(defaultKeyRefresh)
	require.NoError(t, verify(v, signAs(t, "new", 4)), "served at once by the set at hand")
	settle(v)
	requireUnauthorized(t, verify(v, signAs(t, "new", 5)))
	require.EqualValues(t, 3, idp.requests.Load())
}

func TestKeyStore_ABadAnswerLeavesTheKnownKeys(t *testing.T) {
	t.Parallel()
	manyKeys := make([]string, maxKeys+1)
	for i := range manyKeys {
		manyKeys[i] = publicJWK(t, fmt.Sprint(i), testKeys().ec.Public(), jwkset.UseSig)
	}
	answers := map[string]http.HandlerFunc{
		"not JSON":      func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"no keys":       func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"keys":[]}`) },
		"too many keys": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, keySetOf(manyKeys...)) },
		"too long": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat(" ", maxKeySetBytes)+keySetOf(manyKeys[0]))
		},
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"keys":`)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/keys", http.StatusFound)
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			var log lockedBuilder
			idp := newIdentityProvider(t, publicKeySet(t))
			cfg := idp.config(c)
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			v := newTestVerifier(t, cfg)
			require.NoError(t, verify(v, signAs(t, "ec", 1)))
			idp.respond(answer)
			c.Advance(defaultKeyRefresh)
			require.NoError(t, verify(v, signAs(t, "ec", 2)))
			settle(v)
			require.NoError(t, verify(v, signAs(t, "ec", 3)))
			require.Contains(t, log.String(), "reading the identity provider's keys failed")
		})
	}
}

// lockedBuilder is a log that the fetching goroutine writes and the test reads.
type lockedBuilder struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuilder) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuilder) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestParseKeySet_KeepsOnlyPublicSigningKeysWithAnId(t *testing.T) {
	t.Parallel()
	set := strings.TrimSuffix(publicKeySet(t), "]}") + "," + publicJWK(t, "", testKeys().ec.Public(), jwkset.UseSig) + "]}"
	keys, err := parseKeySet([]byte(set))
	require.NoError(t, err)
	kids := []string{}
	for _, key := range keys {
		kids = append(kids, key.Marshal().KID)
	}
	require.Equal(t, []string{"weak", "rsa", "ec", "ed"}, kids, "the weak one is refused where its size meets the algorithm")
}

// A provider's private key, published by mistake, must not be held in memory as one.
func TestParseKeySet_DropsPrivateParts(t *testing.T) {
	t.Parallel()
	jwk, err := jwkset.NewJWKFromKey(testKeys().ec, jwkset.JWKOptions{
		Metadata: jwkset.JWKMetadataOptions{KID: "ec", USE: jwkset.UseSig}, Marshal: jwkset.JWKMarshalOptions{Private: true},
	})
	require.NoError(t, err)
	private, err := json.Marshal(jwk.Marshal())
	require.NoError(t, err)
	require.Contains(t, string(private), `"d":`)
	keys, err := parseKeySet([]byte(keySetOf(string(private))))
	require.NoError(t, err)
	require.Len(t, keys, 1)
	require.IsType(t, testKeys().ec.Public(), keys[0].Key())
}

func FuzzParseKeySet(f *testing.F) {
	f.Add(publicKeySet(f))
	f.Add(`{"keys":[{"kty":"EC","kid":"a","crv":"P-256","x":"AA","y":"AA"}]}`)
	f.Add(`{"keys":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		keys, err := parseKeySet([]byte(body))
		if err == nil && len(keys) == 0 {
			t.Fatal("an empty set would replace the known keys")
		}
		for _, key := range keys {
			if key.Marshal().KID == "" || key.Marshal().KTY == jwkset.KtyOct {
				t.Fatalf("a key that serves no signature: %q", body)
			}
		}
	})
}
