package httpapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"reflect"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// once runs do in one transaction, or replays the answer that the same key and body got before.
func (a *API) once(
	ctx context.Context, keyed hasKey, hash []byte, do func(*postgres.Tx) (postgres.Stored, error),
) (answer postgres.Stored, err error) {
	key, err := keyed.idempotencyKey()
	if err != nil {
		return answer, err
	}
	if key == "" {
		err = a.DB.Tx(ctx, func(tx *postgres.Tx) error {
			answer, err = do(tx)
			return err
		})
		return answer, err
	}
	// A stored answer is for callers that may still see what it is about.
	if _, err := a.enter(ctx, nil); err != nil {
		return answer, err
	}
	return a.DB.Idempotent(ctx,
		postgres.Request{Endpoint: http.MethodPost + " " + requestOf(ctx).path, Key: key, BodyHash: hash},
		func(tx *postgres.Tx) (int, map[string]string, []byte, error) {
			made, err := do(tx)
			return made.Status, made.Headers, made.Body, err
		})
}

type hasKey interface{ idempotencyKey() (string, error) }

// keyed is what a POST may carry. A retry with the same key and body gets the first answer again.
type keyed struct {
	Key   string `header:"Idempotency-Key" maxLength:"200" doc:"Makes a retry safe: same key and body, same answer"`
	Alias string `header:"X-Idempotency-Key" maxLength:"200" doc:"Another name of Idempotency-Key"`
}

func (k keyed) idempotencyKey() (string, error) {
	if k.Key != "" && k.Alias != "" && k.Key != k.Alias {
		return "", recon.Invalid(recon.CodeIdempotencyKeyInvalid,
			"Idempotency-Key and X-Idempotency-Key differ: send one of them")
	}
	key := cmp.Or(k.Key, k.Alias)
	if !usableText(key) {
		return "", recon.Invalid(recon.CodeIdempotencyKeyInvalid, "an idempotency key is UTF-8 text")
	}
	return key, nil
}

// bodyHash is over the body as it was understood, so that white space and the order of members make no difference.
func bodyHash(in any) []byte {
	var text []byte
	if body := reflect.ValueOf(in).Elem().FieldByName("Body"); body.IsValid() {
		var err error
		if text, err = json.Marshal(body.Interface()); err != nil {
			panic("a decoded body that cannot be written again: " + err.Error())
		}
	}
	sum := sha256.Sum256(text)
	return sum[:]
}
