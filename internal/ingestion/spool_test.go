//go:build unit || !integration

package ingestion

import (
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestSpoolHasNoNameAndReadsAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := newSpool(dir, nil)
	require.NoError(t, err)
	defer s.close()
	_, _ = s.to.WriteString("rows")
	require.NoError(t, s.to.Flush())
	for range 2 {
		r, err := s.open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, "rows", string(text))
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
	_, err = newSpool(dir+"/missing", nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Whatever is written to the disk asks for room first, and not more than it needs.
func TestSpoolTakesRoom(t *testing.T) {
	t.Parallel()
	taken, full := 0, errors.New("full")
	s, err := newSpool(t.TempDir(), func() error {
		if taken == 2 {
			return full
		}
		taken++
		return nil
	})
	require.NoError(t, err)
	defer s.close()
	for _, write := range []struct{ bytes, taken int }{{1, 1}, {RoomStep - 1, 1}, {RoomStep, 2}} {
		_, err := s.Write(make([]byte, write.bytes))
		require.NoError(t, err)
		require.Equal(t, write.taken, taken)
	}
	_, err = s.Write([]byte{0})
	require.ErrorIs(t, err, full)
}

func TestUpload(t *testing.T) {
	t.Parallel()
	u := newUpload(strings.NewReader("twelve bytes"), 12)
	text, err := io.ReadAll(u)
	require.NoError(t, err)
	require.Equal(t, "twelve bytes", string(text))
	sum := sha256.Sum256(text)
	require.Equal(t, sum[:], u.hash.Sum(nil))

	_, err = io.ReadAll(newUpload(strings.NewReader("thirteen byte"), 12))
	require.Equal(t, recon.KindTooLarge, recon.KindOf(err))
	_, err = io.ReadAll(newUpload(iotest.ErrReader(errors.New("reset")), 12))
	require.Equal(t, "BODY_INCOMPLETE", recon.CodeOf(err))
	_, err = io.ReadAll(newUpload(iotest.ErrReader(recon.Invalid(recon.CodeMultipartUnreadable, "two files")), 12))
	require.Equal(t, recon.CodeMultipartUnreadable, recon.CodeOf(err), "what is known to be wrong keeps its name")
}
