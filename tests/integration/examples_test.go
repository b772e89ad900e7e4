//go:build integration

package integration

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/examples"
	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/setup"
	"matcher/internal/testkit"
)

// The service gives every example the result that the command line gives it (see cmd/matcher), to the hash: the numbers
// agree because the same packages read the same files, not because somebody wrote them down twice.
func TestExamplesGiveTheSameResultThroughTheAPI(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	for _, folder := range []string{"bank-ledger", "card-settlement", "marketplace", "receivables"} {
		t.Run(folder, func(t *testing.T) {
			client := server.As(server.NewTenant(folder), auth.RoleAdmin)
			run := client.Run(loadExample(t, client, folder))
			require.Equal(t, recon.RunCompleted, run.Status, run.ErrorMessage)

			var got, want recon.Summary
			require.NoError(t, json.Unmarshal(run.Summary, &got))
			require.NoError(t, json.Unmarshal(exampleFile(t, folder, "expected.json"), &want))
			require.Equal(t, want.ResultHash, got.ResultHash)
			require.Equal(t, want.ResultHash, run.ResultHash)
			require.Equal(t, want.Groups, got.Groups)
			require.Equal(t, want.Difference, got.Difference)
			require.Equal(t, want.Bridge, got.Bridge)
			require.Equal(t, want.Reasons, got.Reasons)
			require.Equal(t, want.InputHash, got.InputHash)
			require.Equal(t, want.RulesHash, got.RulesHash)
		})
	}
}

// loadExample makes the context of an example with its sources, files and rules.
func loadExample(t *testing.T, client *testkit.Client, folder string) (contextID string) {
	t.Helper()
	file, faults := setup.Decode(exampleFile(t, folder, "recon.yaml"))
	require.Empty(t, faults)
	var made recon.Context
	client.Must(http.MethodPost, "/v1/contexts", map[string]any{
		"name": folder, "settings": recon.ContextSettings{DuplicateDays: file.DuplicateDays},
	}, &made)
	contextID = made.ID
	for _, side := range []struct {
		of   recon.Side
		how  setup.Side
		file string
	}{{recon.Left, file.Left, "left.csv"}, {recon.Right, file.Right, "right.csv"}} {
		source := client.NewSource(contextID, side.how.Source, side.of)
		client.Must(http.MethodPut, "/v1/sources/"+source+"/field-map", side.how.Map, nil)
		imported := client.Upload(source, side.file, string(exampleFile(t, folder, side.file)))
		require.Equal(t, imported.RowsRead, imported.RowsInserted+imported.RowsDuplicate+imported.RowsRejected+imported.RowsSetAside)
	}
	if len(file.Rates) > 0 {
		client.Must(http.MethodPost, "/v1/fx-rates", map[string]any{"rates": file.Rates}, nil)
	}
	for _, rule := range file.Rules {
		client.Must(http.MethodPost, "/v1/contexts/"+contextID+"/rules", rule, nil)
	}
	return contextID
}

func exampleFile(t *testing.T, folder, name string) []byte {
	t.Helper()
	data, err := examples.FS.ReadFile(folder + "/" + name)
	require.NoError(t, err)
	return data
}
