//go:build unit || !integration

package systemplane

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestView_Sources(t *testing.T) {
	boot := defaults()
	boot[TenantRate] = int64(3)
	p, _ := planeOf(t, &memory{}, boot)
	view, _ := p.View(TenantRate)
	require.Equal(t, FromEnvironment, view.Source)
	require.Equal(t, int64(2000), view.Default)
	view, _ = p.View(SubjectRate)
	require.Equal(t, FromDefault, view.Source)
	require.Equal(t, 1, view.Version)
	_, known := p.View("no.such_key")
	require.False(t, known)
	require.Len(t, p.Views(), len(Keys))
}
