//go:build unit || !integration

package recon

import (
	"encoding"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// readable is a pointer to an enum.
type readable interface {
	encoding.TextUnmarshaler
	Scan(src any) error
}

// TestEnumsAreTextsOutsideOfMemory writes and reads every value of every enum.
func TestEnumsAreTextsOutsideOfMemory(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]struct {
		texts []string
		value func(int) fmt.Stringer
		blank func() readable
	}{
		"class":      {Classes, func(i int) fmt.Stringer { return Class(i) }, func() readable { return new(Class) }},
		"reason":     {Reasons, func(i int) fmt.Stringer { return Reason(i) }, func() readable { return new(Reason) }},
		"status":     {GroupStatuses, func(i int) fmt.Stringer { return GroupStatus(i) }, func() readable { return new(GroupStatus) }},
		"gate":       {Gates, func(i int) fmt.Stringer { return HeldBy(i) }, func() readable { return new(HeldBy) }},
		"adjustment": {AdjustmentReasons, func(i int) fmt.Stringer { return AdjustmentReason(i) }, func() readable { return new(AdjustmentReason) }},
	} {
		require.Empty(t, e.texts[0], name)
		for i, text := range e.texts {
			require.Equal(t, text, e.value(i).String(), name)
			require.True(t, i == 0 || text != "", "%s %d has no text", name, i)
			written, err := json.Marshal(e.value(i))
			require.NoError(t, err)
			require.JSONEq(t, `"`+text+`"`, string(written))
			read, scanned, bytes := e.blank(), e.blank(), e.blank()
			require.NoError(t, json.Unmarshal(written, read))
			require.NoError(t, scanned.Scan(text))
			require.NoError(t, bytes.Scan([]byte(text)))
			for _, back := range []any{read, scanned, bytes} {
				require.Equal(t, text, back.(fmt.Stringer).String())
			}
		}
		null := e.blank()
		require.NoError(t, null.Scan(nil))
		require.Error(t, null.UnmarshalText([]byte("NONE_OF_THEM")), name)
		require.Error(t, null.Scan(7), name)
	}
}

// TestColumnsHoldTheTextsOfTheirEnum compares the CHECKs of the baseline with the lists.
func TestColumnsHoldTheTextsOfTheirEnum(t *testing.T) {
	t.Parallel()
	sql, err := os.ReadFile("../../migrations/000001_baseline.up.sql")
	require.NoError(t, err)
	for column, texts := range map[string][]string{
		"match_groups.status": GroupStatuses, "adjustments.reason": AdjustmentReasons,
	} {
		table, name, _ := strings.Cut(column, ".")
		_, body, found := strings.Cut(string(sql), "CREATE TABLE "+table+" (")
		require.True(t, found, table)
		check := regexp.MustCompile(`(?m)^\s+` + name + `\s+text.*CHECK \(` + name + ` IN \(([^)]*)\)\)`).FindStringSubmatch(body)
		require.NotNil(t, check, column)
		require.Equal(t, "'"+strings.Join(texts[1:], "', '")+"'", check[1], column)
	}
}
