package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"matcher/internal/recon"
)

const (
	// maxJSONDepth is far beyond any honest token (Keycloak's resource_access nests three deep).
	maxJSONDepth = 16
	// maxSubjectBytes fits every identity provider seen (Auth0's "provider|id", UUIDs, e-mail addresses).
	maxSubjectBytes = 255
	// maxRoleNames bounds the work for tokens that carry a directory's whole group list.
	maxRoleNames = 256
	// maxNumericDate is the last second of the year 9999, so that no date can overflow into the past or the future.
	maxNumericDate = 253402300799
)

// claims keeps the token's members unchanged. jwt.MapClaims is not enough: it lets the last of two equal keys
// win, and a reader in front of us might have believed the first.
type claims struct{ members map[string]json.RawMessage }

// UnmarshalJSON refuses duplicate keys at any depth.
func (c *claims) UnmarshalJSON(data []byte) error {
	members, err := strictObject(data)
	c.members = members
	return err
}

// strictObject decodes a JSON object whose keys are unique at every depth.
func strictObject(data []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	if err := checkKeysUnique(json.NewDecoder(bytes.NewReader(data)), 0); err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, fmt.Errorf("decoding a JSON object: %w", err)
	}
	return members, nil
}

func checkKeysUnique(dec *json.Decoder, depth int) error {
	if depth > maxJSONDepth {
		return errors.New("JSON nested too deep")
	}
	token, err := dec.Token()
	if err != nil {
		return err
	}
	delim, isDelim := token.(json.Delim)
	if !isDelim {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		if delim == '{' {
			if err := checkKeyNew(dec, seen); err != nil {
				return err
			}
		}
		if err := checkKeysUnique(dec, depth+1); err != nil {
			return err
		}
	}
	_, err = dec.Token() // the closing bracket
	return err
}

func checkKeyNew(dec *json.Decoder, seen map[string]bool) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	key, _ := token.(string)
	if seen[key] {
		return errors.New("duplicate JSON key")
	}
	seen[key] = true
	return nil
}

// text is the string claim of that name; "" and false when absent. Any other JSON type is an error, null too.
func (c *claims) text(name string) (value string, present bool, err error) {
	raw, present := c.members[name]
	if !present {
		return "", false, nil
	}
	if len(raw) == 0 || raw[0] != '"' {
		return "", true, fmt.Errorf("the claim %s has the wrong JSON type", name)
	}
	err = json.Unmarshal(raw, &value)
	return value, true, err
}

// date reads a NumericDate (RFC 7519 section 2): seconds since 1970, fractions cut off.
func (c *claims) date(name string) (*jwt.NumericDate, error) {
	raw, present := c.members[name]
	if !present {
		return nil, nil //nolint:nilnil // the jwt library's contract: nil is "no such claim"
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || seconds < 0 || seconds > maxNumericDate {
		return nil, fmt.Errorf("the claim %s has the wrong JSON type", name)
	}
	return jwt.NewNumericDate(time.Unix(int64(seconds), 0)), nil
}

// texts reads a claim that is one string or an array of strings.
func (c *claims) texts(name string) ([]string, error) {
	raw, present := c.members[name]
	if !present {
		return nil, nil
	}
	if len(raw) > 0 && raw[0] == '"' {
		one, _, err := c.text(name)
		return []string{one}, err
	}
	// Pointers tell null from "": a nil element is a null.
	var many []*string
	if err := json.Unmarshal(raw, &many); err != nil || many == nil || slices.Contains(many, nil) {
		return nil, fmt.Errorf("the claim %s has the wrong JSON type", name)
	}
	values := make([]string, len(many))
	for i, value := range many {
		values[i] = *value
	}
	return values, nil
}

// The six getters are jwt.Claims, by which the library checks time, issuer and audience.

func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.date("exp") }
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error)       { return c.date("iat") }
func (c *claims) GetNotBefore() (*jwt.NumericDate, error)      { return c.date("nbf") }

func (c *claims) GetIssuer() (string, error) {
	issuer, _, err := c.text("iss")
	return issuer, err
}

func (c *claims) GetSubject() (string, error) {
	subject, _, err := c.text("sub")
	return subject, err
}

func (c *claims) GetAudience() (jwt.ClaimStrings, error) { return c.texts("aud") }

// principal reads who the caller is. It runs after the signature was verified, so its messages help the holder of a
// real token and tell a stranger nothing.
func (c *claims) principal() (Principal, error) {
	subject, err := c.GetSubject()
	if err != nil || !usableSubject(subject) {
		return Principal{}, recon.Unauthorized(recon.CodeTokenInvalid, "the token's sub claim is missing or unusable")
	}
	tenantID, err := c.tenantID()
	if err != nil {
		return Principal{}, err
	}
	roles, err := c.roles()
	if err != nil {
		return Principal{}, recon.Unauthorized(recon.CodeTokenInvalid,
			"the token's roles claim is neither a list of strings nor a string")
	}
	return Principal{Subject: subject, TenantID: tenantID, Roles: roles}, nil
}

// usableSubject keeps line breaks and the like out of logs and audit rows.
func usableSubject(subject string) bool {
	return subject != "" && len(subject) <= maxSubjectBytes && !strings.ContainsFunc(subject, unicode.IsControl)
}

// tenantID is the claim tenantId, or its alias tenant_id; "" when the token has neither. Present means canonical:
// null, "" and every other type or spelling is refused, so that no mangled claim can pass as "no claim".
func (c *claims) tenantID() (string, error) {
	tenantID := ""
	for _, name := range []string{"tenantId", "tenant_id"} {
		value, present, err := c.text(name)
		if !present {
			continue
		}
		if err != nil || !IsUUID(value) {
			return "", recon.Unauthorized(recon.CodeTenantClaimInvalid,
				"the token's %s claim is not a lower-case UUID", name)
		}
		if tenantID != "" && tenantID != value {
			return "", recon.Unauthorized(recon.CodeTenantClaimInvalid,
				"the token's tenantId and tenant_id claims differ")
		}
		tenantID = value
	}
	return tenantID, nil
}

// roles reads roles as a list or as one space-separated string. Names that are not ours are skipped, not refused:
// identity providers add their own.
func (c *claims) roles() ([]Role, error) {
	values, err := c.texts("roles")
	if err != nil {
		return nil, err
	}
	if raw := c.members["roles"]; len(raw) > 0 && raw[0] == '"' {
		values = strings.Fields(values[0])
	}
	if len(values) > maxRoleNames {
		return nil, fmt.Errorf("the claim roles has more than %d names", maxRoleNames)
	}
	roles := []Role{}
	for _, role := range Roles {
		former := role == RolePreparer && slices.Contains(values, string(RoleAnalyst))
		if former || slices.Contains(values, string(role)) {
			roles = append(roles, role)
		}
	}
	return roles, nil
}
