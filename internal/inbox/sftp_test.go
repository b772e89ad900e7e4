//go:build unit || !integration

package inbox

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/sftp"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"matcher/internal/recon"
)

// sftpServer serves a folder of the test's own.
type sftpServer struct {
	dir, key string
	port     int
}

func newSFTPServer(t *testing.T, password string, user ssh.PublicKey) sftpServer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	host, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	config := &ssh.ServerConfig{
		PasswordCallback: func(_ ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
			if password == "" || string(given) != password {
				return nil, errors.New("no")
			}
			return nil, nil //nolint:nilnil // no restrictions
		},
		PublicKeyCallback: func(_ ssh.ConnMetadata, given ssh.PublicKey) (*ssh.Permissions, error) {
			if user == nil || string(given.Marshal()) != string(user.Marshal()) {
				return nil, errors.New("no")
			}
			return nil, nil //nolint:nilnil // no restrictions
		},
	}
	config.AddHostKey(host)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	s := sftpServer{
		dir: t.TempDir(), port: listener.Addr().(*net.TCPAddr).Port,
		key: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(host.PublicKey()))),
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveSFTP(conn, config, s.dir)
		}
	}()
	return s
}

func serveSFTP(conn net.Conn, config *ssh.ServerConfig, dir string) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for channel := range channels {
		accepted, requests, err := channel.Accept()
		if err != nil {
			return
		}
		go func() {
			for request := range requests {
				_ = request.Reply(request.Type == "subsystem", nil)
			}
		}()
		server, err := sftp.NewServer(accepted, sftp.WithServerWorkingDirectory(dir))
		if err == nil {
			go func() { _ = server.Serve() }()
		}
	}
}

func TestSFTP(t *testing.T) {
	server := newSFTPServer(t, "hunter2", nil)
	at := recon.Fetch{
		Kind: recon.FetchSFTP, Host: "127.0.0.1", Port: server.port, User: "bank", HostKeys: []string{server.key}, Folder: "out", Files: "*.csv*",
	}
	require.NoError(t, os.Mkdir(filepath.Join(server.dir, "out"), 0o750))
	with := recon.FetchCredentials{Password: "hunter2"}
	opener := Opener{Networks: here}
	p, err := opener.Open(t.Context(), at, with)
	require.NoError(t, err)
	requirePlace(t, p, func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(server.dir, "out", name), []byte(text), 0o600))
	})

	t.Run("a server that shows another key is not told the password, and its key is named", func(t *testing.T) {
		other := newSFTPServer(t, "hunter2", nil)
		at := at
		at.Port = other.port
		_, err := opener.Open(t.Context(), at, with)
		require.ErrorContains(t, err, other.key)
	})
	t.Run("a wrong password, an address inside, and a file that is gone are errors", func(t *testing.T) {
		_, err := opener.Open(t.Context(), at, recon.FetchCredentials{Password: "hunter3"})
		require.ErrorContains(t, err, "signing in")
		_, err = Opener{}.Open(t.Context(), at, with)
		require.ErrorContains(t, err, "no public address")
		p, err := opener.Open(t.Context(), at, with)
		require.NoError(t, err)
		defer p.Close()
		_, err = p.Open(t.Context(), "gone.csv")
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("a context that ends breaks the connection off", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p, err := opener.Open(ctx, at, with)
		require.NoError(t, err)
		cancel()
		_, err = p.List(ctx)
		require.Error(t, err)
	})
}

func TestSFTP_ByKey(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKey(private, "")
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	server := newSFTPServer(t, "", signer.PublicKey())
	at := recon.Fetch{Kind: recon.FetchSFTP, Host: "127.0.0.1", Port: server.port, User: "bank", HostKeys: []string{server.key}}
	p, err := Opener{Networks: here}.Open(t.Context(), at, recon.FetchCredentials{PrivateKey: string(pem.EncodeToMemory(block))})
	require.NoError(t, err)
	require.Empty(t, names(t, p))
	require.NoError(t, p.Close())
}
