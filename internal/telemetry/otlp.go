package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/cenkalti/backoff/v5"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	otlpRetryMax = time.Minute // for one batch, pauses that the collector asks for included
	otlpReplyMax = 4 << 10     // bytes of a refusal that are worth reading
)

// otlpSettings are the standard's variables of the exporter, without their prefix.
type otlpSettings struct {
	Endpoint          string `env:"ENDPOINT"`
	Headers           string `env:"HEADERS"`
	TimeoutMs         int    `env:"TIMEOUT"`
	Compression       string `env:"COMPRESSION"`
	Certificate       string `env:"CERTIFICATE"`
	ClientCertificate string `env:"CLIENT_CERTIFICATE"`
	ClientKey         string `env:"CLIENT_KEY"`
}

// otlpClient posts spans to a collector over OTLP/HTTP. The library's client does the same and links grpc, whose debug
// pages link html/template: 15 MB of the program (docs/decisions.md).
type otlpClient struct {
	http   *http.Client
	url    string
	header http.Header
	gzip   bool
}

// newOTLPClient reads OTEL_EXPORTER_OTLP_*; a variable OTEL_EXPORTER_OTLP_TRACES_* counts more.
func newOTLPClient() (*otlpClient, error) {
	s := otlpSettings{Endpoint: "http://localhost:4318", TimeoutMs: 10_000}
	if err := env.ParseWithOptions(&s, env.Options{Prefix: "OTEL_EXPORTER_OTLP_"}); err != nil {
		return nil, err
	}
	general := strings.TrimSuffix(s.Endpoint, "/") + "/v1/traces"
	s.Endpoint = ""
	if err := env.ParseWithOptions(&s, env.Options{Prefix: "OTEL_EXPORTER_OTLP_TRACES_"}); err != nil {
		return nil, err
	}
	if s.Endpoint == "" {
		s.Endpoint = general
	}
	if u, err := url.Parse(s.Endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the endpoint is not an address such as http://collector:4318")
	}
	header := http.Header{"Content-Type": {"application/x-protobuf"}}
	for pair := range strings.SplitSeq(s.Headers, ",") {
		key, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if ok && err == nil {
			header.Set(strings.TrimSpace(key), value)
		} else if strings.TrimSpace(pair) != "" {
			return nil, errors.New("the headers are not of the form name=value,name=value, percent-encoded")
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // the standard one
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if err := s.trust(transport.TLSClientConfig); err != nil {
		return nil, err
	}
	return &otlpClient{
		http: &http.Client{Transport: transport, Timeout: time.Duration(s.TimeoutMs) * time.Millisecond},
		url:  s.Endpoint, header: header, gzip: s.Compression == "gzip",
	}, nil
}

// trust replaces the system's certificates by those of the settings, where they name any.
func (s *otlpSettings) trust(config *tls.Config) error {
	if s.Certificate != "" {
		pem, err := os.ReadFile(s.Certificate)
		if err != nil {
			return fmt.Errorf("reading the collector's certificate: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("%s holds no certificate in PEM", s.Certificate)
		}
	}
	if s.ClientCertificate != "" {
		pair, err := tls.LoadX509KeyPair(s.ClientCertificate, s.ClientKey)
		if err != nil {
			return fmt.Errorf("reading the client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return nil
}

func (*otlpClient) Start(context.Context) error { return nil }

func (c *otlpClient) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces sends one batch, again while the collector is busy or away. TracesData has the wire form of the
// collector's request.
func (c *otlpClient) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return fmt.Errorf("encoding the spans: %w", err)
	}
	header := c.header.Clone()
	if c.gzip {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(body) // a buffer takes everything
		_ = w.Close()
		body = packed.Bytes()
		header.Set("Content-Encoding", "gzip")
	}
	_, err = backoff.Retry(ctx, func() (struct{}, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
		if err != nil {
			return struct{}{}, backoff.Permanent(err)
		}
		r.Header = header
		response, err := c.http.Do(r)
		if err != nil {
			return struct{}{}, err
		}
		defer response.Body.Close()
		return struct{}{}, refusal(response)
	}, backoff.WithMaxElapsedTime(otlpRetryMax))
	return err
}

// refusal returns nil for a batch that was taken, and otherwise an error that ends the attempts or delays the next.
func refusal(r *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(r.Body, otlpReplyMax))
	if r.StatusCode/100 == 2 {
		return nil
	}
	err := fmt.Errorf("the collector answered %s: %s", r.Status, bytes.TrimSpace(text))
	switch r.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if seconds, bad := strconv.Atoi(r.Header.Get("Retry-After")); bad == nil && seconds >= 0 {
			return errors.Join(err, backoff.RetryAfter(seconds))
		}
		return err
	}
	return backoff.Permanent(err)
}
