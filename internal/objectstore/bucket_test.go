//go:build unit || !integration

package objectstore

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What a bucket does with objects is tested against a server that speaks S3: tests/integration.
func TestOpenBucket(t *testing.T) {
	for _, address := range []string{
		"s3://", "s3://bucket/folder", "s3://bucket?accelerate=true", "s3://bucket?endpoint=127.0.0.1:1",
	} {
		_, err := openBucket(address)
		require.Error(t, err, address)
	}
	b, err := openBucket("s3://bucket?region=eu-central-1&endpoint=http://127.0.0.1:1&use_path_style=true")
	require.NoError(t, err, "it connects to nothing yet")
	require.NoError(t, b.Close())
}
