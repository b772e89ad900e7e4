package recon

import (
	"io/fs"
	"path"
	"strings"
	"time"
)

// FetchKind is where files are fetched from.
type FetchKind string

// The kinds of places.
const (
	FetchFolder FetchKind = "FOLDER" // of this installation
	FetchS3     FetchKind = "S3"
	FetchSFTP   FetchKind = "SFTP"
)

// What becomes of a fetched file.
const (
	FetchMove = "MOVE" // into the folder imported or refused below its own
	FetchKeep = "KEEP" // as it is; that it was fetched is known here alone
)

// Fetch is a place where files of a source arrive, and when it is looked at.
type Fetch struct {
	Kind     FetchKind `json:"kind" enum:"FOLDER,S3,SFTP"`
	Folder   string    `json:"folder,omitempty" maxLength:"500" doc:"FOLDER: below the tenant's folder of MATCHER_WATCH_ROOT. S3: the prefix of the keys. SFTP: a folder of the server"`
	Files    string    `json:"files,omitempty" maxLength:"200" doc:"Pattern of the names, such as *.sta; default all. Names that begin with a dot or end in .tmp, .part or .filepart are never taken"`
	After    string    `json:"after,omitempty" enum:"MOVE,KEEP" doc:"MOVE (default): a file goes into the folder imported or refused below its own. KEEP: it stays, and is not fetched again"`
	Cron     string    `json:"cron,omitempty" maxLength:"100" doc:"When the place is looked at, as of a schedule; without it only when asked"`
	TimeZone string    `json:"timeZone,omitempty" maxLength:"60" doc:"IANA name; default UTC"`
	Paused   bool      `json:"paused,omitempty" doc:"Nothing is fetched meanwhile"`

	Endpoint string `json:"endpoint,omitempty" maxLength:"200" doc:"S3: https address of the store; default https://s3.amazonaws.com"`
	Region   string `json:"region,omitempty" maxLength:"60"`
	Bucket   string `json:"bucket,omitempty" maxLength:"255"`

	Host     string   `json:"host,omitempty" maxLength:"253" doc:"SFTP: name or address of the server"`
	Port     int      `json:"port,omitempty" minimum:"1" maximum:"65535" doc:"Default 22"`
	User     string   `json:"user,omitempty" maxLength:"200"`
	HostKeys []string `json:"hostKeys,omitempty" maxItems:"5" doc:"SFTP: the keys by which the server is known, each a line as of ssh-keyscan without the host: ssh-ed25519 AAAA…"`
}

// Settle fills in what was left out.
func (f *Fetch) Settle() {
	set := func(field *string, to string) {
		if *field == "" {
			*field = to
		}
	}
	set(&f.After, FetchMove)
	set(&f.TimeZone, "UTC")
	if f.Kind == FetchS3 {
		set(&f.Endpoint, "https://s3.amazonaws.com")
	}
	if f.Kind == FetchSFTP && f.Port == 0 {
		const ssh = 22
		f.Port = ssh
	}
}

// Check returns everything that is wrong with a settled place, by JSON pointer. now is where the search for the next
// look begins.
func (f *Fetch) Check(now time.Time) []FieldError {
	c := &ruleChecker{}
	c.oneOf("/kind", string(f.Kind), string(FetchFolder), string(FetchS3), string(FetchSFTP))
	c.oneOf("/after", f.After, FetchMove, FetchKeep)
	if _, err := path.Match(f.Files, "x"); err != nil || strings.Contains(f.Files, "/") {
		c.refuse("/files", CodeInvalidValue, "is no pattern of names, such as *.csv")
	}
	folder := f.Folder
	if f.Kind == FetchSFTP {
		folder = strings.TrimPrefix(folder, "/")
	}
	if folder != "" && (!fs.ValidPath(folder) || folder == "." || strings.ContainsAny(folder, "\\\x00")) {
		c.refuse("/folder", CodeInvalidValue, "is no folder: names between slashes, without . and ..")
	}
	f.checkServer(c)
	if f.Cron != "" {
		when := Schedule{Name: "fetch", Cron: f.Cron, TimeZone: f.TimeZone, Mode: RunCommit}
		c.errs = append(c.errs, when.Check(now)...)
	}
	return c.errs
}

// checkServer refuses what a kind needs and does not have, and what it has no use for.
func (f *Fetch) checkServer(c *ruleChecker) {
	for _, field := range []struct {
		at, value string
		of        FetchKind
		needed    bool
	}{
		{"/endpoint", f.Endpoint, FetchS3, true},
		{"/region", f.Region, FetchS3, false},
		{"/bucket", f.Bucket, FetchS3, true},
		{"/host", f.Host, FetchSFTP, true},
		{"/user", f.User, FetchSFTP, true},
		{"/hostKeys", strings.Join(f.HostKeys, "\n"), FetchSFTP, true},
	} {
		switch {
		case f.Kind != field.of && field.value != "":
			c.refuse(field.at, CodeInvalidValue, "belongs to kind %s", field.of)
		case f.Kind == field.of && field.needed && field.value == "":
			c.refuse(field.at, CodeMissingValue, "is needed for kind %s", field.of)
		}
	}
	if f.Kind != FetchSFTP && f.Port != 0 {
		c.refuse("/port", CodeInvalidValue, "belongs to kind %s", FetchSFTP)
	}
	if strings.ContainsAny(f.Host, ":/@[] ") && strings.Count(f.Host, ":") < 2 || strings.ContainsAny(f.Host, "/@[] ") {
		c.refuse("/host", CodeInvalidValue, "is no name or address of a server")
	}
}

// Next returns when the place is looked at next after now; nil: only when asked.
func (f *Fetch) Next(now time.Time) (*time.Time, error) {
	if f.Cron == "" || f.Paused {
		return nil, nil //nolint:nilnil // no time is an answer
	}
	when := Schedule{Cron: f.Cron, TimeZone: f.TimeZone, Enabled: true}
	err := when.Plan(now)
	return when.NextAt, err
}

// SameServer reports whether credentials of one place may be sent to the other.
func (f *Fetch) SameServer(other *Fetch) bool {
	return f.Kind == other.Kind && f.Endpoint == other.Endpoint && f.Bucket == other.Bucket && f.Host == other.Host &&
		f.Port == other.Port && f.User == other.User
}

// FetchCredentials open a place. They are sealed, and never shown again.
type FetchCredentials struct {
	Password   string `json:"password,omitempty" maxLength:"1000" doc:"SFTP"`
	PrivateKey string `json:"privateKey,omitempty" maxLength:"20000" doc:"SFTP: the text of a key file, without a passphrase"`
	AccessKey  string `json:"accessKey,omitempty" maxLength:"200" doc:"S3"`
	SecretKey  string `json:"secretKey,omitempty" maxLength:"1000" doc:"S3"`
}

// StoredFetch is a source's place with what the last look at it came to.
type StoredFetch struct {
	SourceID    string     `json:"sourceId"`
	Num         int64      `json:"-"`
	Fetch       Fetch      `json:"fetch"`
	Credentials bool       `json:"credentials" doc:"Whether sealed credentials are stored"`
	KeyID       string     `json:"keyId,omitempty" doc:"Of the key that sealed them"`
	NextAt      *time.Time `json:"nextAt,omitempty"`
	LastAt      *time.Time `json:"lastAt,omitempty"`
	LastResult  string     `json:"lastResult,omitempty" doc:"OK, or the code of what prevented the last look"`
	LastMessage string     `json:"lastMessage,omitempty"`
	Failures    int        `json:"failures,omitempty" doc:"Looks in a row that failed"`
	Version     int        `json:"version"`
	CreatedAt   time.Time  `json:"createdAt"`
	UpdatedAt   time.Time  `json:"updatedAt"`
	CreatedBy   string     `json:"createdBy"`
}

// What became of a file of a place.
const (
	FileImported = "IMPORTED"
	FileKnown    = "KNOWN" // the source had an import of the same bytes
	FileRefused  = "REFUSED"
)

// FetchedFile is a file of a source's place that was looked at.
type FetchedFile struct {
	Num       int64     `json:"-"`
	Name      string    `json:"name"`
	Stamp     string    `json:"-"` // with the name, what makes it another file than that of tomorrow
	SizeBytes int64     `json:"sizeBytes"`
	SHA256    string    `json:"sha256,omitempty"`
	Status    string    `json:"status" enum:"IMPORTED,KNOWN,REFUSED"`
	ImportID  string    `json:"importId,omitempty"`
	Code      string    `json:"code,omitempty"`
	Message   string    `json:"message,omitempty"`
	Moved     bool      `json:"moved"`
	At        time.Time `json:"at"`
}
