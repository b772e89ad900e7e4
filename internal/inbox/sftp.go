package inbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"matcher/internal/recon"
	"matcher/internal/shared/outbound"
)

// server is a folder of an SFTP server.
type server struct {
	conn          *ssh.Client
	client        *sftp.Client
	folder, files string
}

func openSFTP(
	ctx context.Context, networks outbound.Networks, at recon.Fetch, with recon.FetchCredentials,
) (Place, error) {
	known, err := hostKeys(at.HostKeys)
	if err != nil {
		return nil, err
	}
	how, err := signIn(with)
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(at.Host, strconv.Itoa(at.Port))
	dialed, err := networks.Dialer(dialTimeout).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("reaching %s: %w", address, err)
	}
	_ = dialed.SetDeadline(time.Now().Add(dialTimeout)) // of the handshake
	conn, channels, requests, err := ssh.NewClientConn(dialed, address, &ssh.ClientConfig{
		User: at.User, Auth: how, HostKeyCallback: pinned(known), HostKeyAlgorithms: preferred(known),
	})
	if err != nil {
		_ = dialed.Close()
		return nil, fmt.Errorf("signing in at %s: %w", address, err)
	}
	_ = dialed.SetDeadline(time.Time{}) // the context of each call bounds it from now on
	s := &server{conn: ssh.NewClient(conn, channels, requests), folder: at.Folder, files: at.Files}
	defer s.within(ctx)()
	if s.client, err = sftp.NewClient(s.conn); err != nil {
		_ = s.conn.Close()
		return nil, fmt.Errorf("speaking SFTP with %s: %w", address, err)
	}
	if s.folder == "" {
		s.folder = "."
	}
	return s, nil
}

// Close ends the connection at once: there is nothing to say goodbye for.
func (s *server) Close() error { return s.conn.Close() }

// within breaks the connection off where ctx ends before the returned function is called.
func (s *server) within(ctx context.Context) (done func() bool) {
	return context.AfterFunc(ctx, func() { _ = s.conn.Close() })
}

func (s *server) List(ctx context.Context) (files []File, err error) {
	defer s.within(ctx)()
	entries, err := s.client.ReadDirContext(ctx, s.folder)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", s.folder, err)
	}
	for _, info := range entries {
		if info.Mode().IsRegular() && takes(s.files, info.Name()) {
			files = append(files, fileOf(info))
		}
	}
	return listed(files)
}

func (s *server) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	file, err := s.client.Open(path.Join(s.folder, name))
	if err != nil {
		return nil, err
	}
	return &remote{file, s.within(ctx)}, nil
}

// remote is an open file, whose connection ends with the context under which it was opened.
type remote struct {
	*sftp.File

	done func() bool
}

func (r *remote) Close() error {
	r.done()
	return r.File.Close()
}

func (s *server) Move(ctx context.Context, name, folder, as string) error {
	defer s.within(ctx)()
	from, to := path.Join(s.folder, name), path.Join(s.folder, folder, as)
	if err := s.client.MkdirAll(path.Join(s.folder, folder)); err != nil {
		return err
	}
	if _, err := s.client.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := s.client.PosixRename(from, to); err == nil {
		return nil
	}
	return s.client.Rename(from, to) // where the server has no extension
}

// hostKeys reads the keys by which a server is known.
func hostKeys(lines []string) (keys []ssh.PublicKey, err error) {
	for i, line := range lines {
		key, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil || len(bytes.TrimSpace(rest)) > 0 {
			return nil, fmt.Errorf("key %d is none: write a line as ssh-ed25519 AAAA…", i+1)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// pinned accepts no other key. The error holds the one that was shown: a person who knows it to be right can state it.
func pinned(known []ssh.PublicKey) ssh.HostKeyCallback {
	return func(_ string, _ net.Addr, shown ssh.PublicKey) error {
		if slices.ContainsFunc(known, func(key ssh.PublicKey) bool {
			return bytes.Equal(key.Marshal(), shown.Marshal())
		}) {
			return nil
		}
		return fmt.Errorf("the server shows a key that is not one of hostKeys: %s",
			strings.TrimSpace(string(ssh.MarshalAuthorizedKey(shown))))
	}
}

// preferred asks for keys of the known kinds first: a server has one of several kinds.
func preferred(known []ssh.PublicKey) (algorithms []string) {
	for _, key := range known {
		if key.Type() == ssh.KeyAlgoRSA {
			algorithms = append(algorithms, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
			continue
		}
		algorithms = append(algorithms, key.Type())
	}
	for _, other := range ssh.SupportedAlgorithms().HostKeys {
		if !slices.Contains(algorithms, other) {
			algorithms = append(algorithms, other)
		}
	}
	return algorithms
}

// signIn returns how a client proves who it is.
func signIn(with recon.FetchCredentials) (how []ssh.AuthMethod, err error) {
	if with.AccessKey+with.SecretKey != "" || with.Password+with.PrivateKey == "" {
		return nil, errors.New("are password or privateKey, or both")
	}
	if with.PrivateKey != "" {
		signer, err := ssh.ParsePrivateKey([]byte(with.PrivateKey))
		if err != nil {
			return nil, errors.New("privateKey is no key file, or one with a passphrase")
		}
		how = append(how, ssh.PublicKeys(signer))
	}
	if with.Password != "" {
		how = append(how, ssh.Password(with.Password))
	}
	return how, nil
}
