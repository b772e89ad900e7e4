//go:build unit || !integration

package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRecipes runs each recipe on its own files, as the recipe prints it: no sale is left without its counterpart, and
// the bridge ends.
func TestRecipes(t *testing.T) {
	t.Parallel()
	require.Len(t, recipes(), 6)
	open := map[string]string{"stripe-payouts": "19.45", "shopify-payouts": "38.60"} // not paid out yet
	for _, r := range recipes() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, r.text)
			folder := t.TempDir()
			printed := output(t, "recipes", r.name, "--out", folder)
			require.Contains(t, printed, "matcher match --recipe "+r.name)
			require.Contains(t, output(t, "recipes", r.name), string(r.setup()))
			got := output(t, "match", "--recipe", r.name, filepath.Join(folder, r.files[1].Name),
				filepath.Join(folder, r.files[2].Name))
			require.NotContains(t, got, "✗", got)
			require.Regexp(t, `LEFT +confirmed [1-9][0-9]* · proposed 0\n`, got)
			if r.right != "" {
				require.Contains(t, got, "known export: "+r.right)
			}
			if sum := open[r.name]; sum != "" {
				require.Contains(t, got, sum)
			} else {
				require.Regexp(t, `RIGHT +confirmed [1-9][0-9]* · proposed 0( · set aside [0-9]+)?\n`, got)
			}
			t.Log(got)
		})
	}
}

func TestRecipesAreNamed(t *testing.T) {
	t.Parallel()
	_, err := recipeNamed("stripe-payout")
	require.ErrorContains(t, err, `did you mean "stripe-payouts"?`)
	_, err = recipeNamed("none")
	require.ErrorContains(t, err, "there are adyen-batches, ")
	_, err = (&matchOptions{recipe: "stripe-payouts", setup: "recon.yaml"}).readSetup()
	require.ErrorContains(t, err, "--recipe and --setup are both a setup")
}
