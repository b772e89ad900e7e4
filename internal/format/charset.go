package format

import (
	"bytes"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"matcher/internal/recon"
)

// charsets by the names that Options and messages use; nil is UTF-8, which needs no decoding.
var charsets = map[string]encoding.Encoding{
	"utf-8":        nil,
	"utf-16le":     unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	"utf-16be":     unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	"utf-16":       unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), // where no mark is
	"windows-1250": charmap.Windows1250,
	"windows-1251": charmap.Windows1251,
	"windows-1252": charmap.Windows1252,
	"windows-1253": charmap.Windows1253,
	"windows-1254": charmap.Windows1254,
	"windows-1255": charmap.Windows1255,
	"windows-1257": charmap.Windows1257,
	"iso-8859-7":   charmap.ISO8859_7,
	"iso-8859-9":   charmap.Windows1254,
	"iso-8859-1":   charmap.Windows1252, // as browsers do: the bytes in which they differ are no letters in ISO 8859-1
	"iso-8859-15":  charmap.ISO8859_15,
	"cp437":        charmap.CodePage437, // of DOS, as old ledgers and some banks still write
	"cp850":        charmap.CodePage850,
	"cp852":        charmap.CodePage852,
	"cp866":        charmap.CodePage866,
	"shift-jis":    japanese.ShiftJIS,
	"euc-jp":       japanese.EUCJP,
	"gb18030":      simplifiedchinese.GB18030,
	"gbk":          simplifiedchinese.GB18030,
	"gb2312":       simplifiedchinese.GB18030,
	"big5":         traditionalchinese.Big5,
	"euc-kr":       korean.EUCKR,
}

// Charsets is the names by which a charset can be declared, sorted.
func Charsets() []string { return slices.Sorted(maps.Keys(charsets)) }

var byteOrderMarks = []struct {
	bytes, charset string
}{
	{"\xEF\xBB\xBF", "utf-8"},
	{"\xFF\xFE", "utf-16le"},
	{"\xFE\xFF", "utf-16be"},
}

// text returns the file as UTF-8: it refuses what is no text and settles the charset on the first bytes (byte order
// mark, then valid UTF-8, UTF-16, then the likeliest one). Every call returns the same window.
func (in *input) text() (*window, error) {
	if in.utf8 == nil && in.notText == nil {
		in.utf8, in.notText = in.decode()
	}
	return in.utf8, in.notText
}

func (in *input) decode() (*window, error) {
	raw, declared := in.raw, in.opt.Charset
	head := raw.head()
	if what := foreignBytes(head); what != "" {
		return nil, refuse(what)
	}
	charset, mark := charsetOf(head, raw.eof)
	in.guessed = charset == "" && declared == ""
	switch {
	case declared != "" && !(strings.EqualFold(declared, "utf-16") && mark > 0):
		charset = strings.ReplaceAll(strings.ToLower(declared), "_", "-")
	case charset == "" || mark == 0 && charset == "utf-8" && !bytes.ContainsFunc(head, beyondASCII):
		if itself := statedCharset(head); itself != "" {
			charset, in.guessed = itself, false
		} else if charset == "" {
			charset = likeliest(head, raw.eof, in.opt.Names)
		}
	}
	decode, known := charsets[charset]
	if !known {
		return nil, recon.Unprocessable(recon.CodeUnknownCharset,
			"cannot be read as "+declared+": known are "+strings.Join(Charsets(), ", "))
	}
	raw.start += mark
	w := raw
	if decode != nil {
		w = newWindow(transform.NewReader(&remainder{raw}, decode.NewDecoder()))
	}
	w.validate, w.charset = decode == nil, charset
	text := w.head()
	if what := foreignText(text); what != "" {
		return nil, refuse(what)
	}
	if isBinary(text) {
		return nil, recon.Unprocessable(recon.CodeUnsupportedFormat,
			"is not a text file: export it as CSV or JSON and load that")
	}
	if bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') >= 0 {
		w.newline = '\r'
	}
	in.charset = charset
	return w, nil
}

var charsetStated = regexp.MustCompile(`(?i)\A\s*<\?xml[^>]*\bencoding\s*=\s*["\']([\w.:-]+)|` +
	`\A\s*<(?:[^\x00]*?<)?meta\b[^>]*\bcharset\s*=\s*["\']?([\w-]+)|` +
	`\A[^<]*OFXHEADER[:=][^<]*CHARSET[:=]\s*((?:windows-?|cp-?)?125\d|(?:iso-?)?8859-\d+|[\w-]+)`)

// statedCharset is the charset that a file states itself, as XML and OFX do; "" for none, or one that is not known.
func statedCharset(head []byte) string {
	part := charsetStated.FindSubmatch(head[:min(len(head), 4096)])
	if part == nil {
		return ""
	}
	name := strings.ToLower(string(bytes.Join(part[1:], nil)))
	name = strings.NewReplacer("cp-", "", "cp", "", "windows-", "", "windows", "", "iso-", "", "iso", "", "latin1",
		"8859-1", "latin-1", "8859-1", "_", "-").Replace(name)
	for known := range charsets {
		if !strings.HasPrefix(name, "utf-") && known == name || known == "windows-"+name || known == "iso-"+name {
			return known
		}
	}
	return ""
}

func beyondASCII(r rune) bool { return r >= utf8.RuneSelf }

// charsetOf is the charset that the bytes prove, or "", and the length of its mark.
func charsetOf(head []byte, whole bool) (charset string, mark int) {
	for _, m := range byteOrderMarks {
		if bytes.HasPrefix(head, []byte(m.bytes)) {
			return m.charset, len(m.bytes)
		}
	}
	switch {
	case zerosAt(head, 1):
		return "utf-16le", 0
	case zerosAt(head, 0):
		return "utf-16be", 0
	case validPrefix(head, whole), mostlyUTF8(head):
		return "utf-8", 0
	}
	return "", 0
}

// mostlyUTF8 reports whether a text that is not UTF-8 throughout is so but for a few damaged letters: in Windows-1252
// hardly any two letters make a letter of UTF-8 by chance.
func mostlyUTF8(head []byte) bool {
	letters, damaged := 0, 0
	for i := 0; i < len(head); {
		r, size := utf8.DecodeRune(head[i:])
		switch {
		case size > 1:
			letters++
		case r == utf8.RuneError:
			damaged++
		}
		i += size
	}
	return letters >= damaged*2 && letters > 0
}

// zerosAt reports whether this is UTF-16 without a mark: its digits and line breaks, if nothing else, have zeros at
// every second place, counted from first.
func zerosAt(head []byte, first int) bool {
	sample := head[:min(len(head), 1024)&^1]
	zeros, others := 0, 0
	for i, c := range sample {
		switch {
		case c != 0:
		case i%2 == first:
			zeros++
		default:
			others++
		}
	}
	return len(sample) >= 4 && others*20 <= zeros && zeros*10 >= len(sample)/2
}

// validPrefix is utf8.Valid for a text that may be cut inside its last character.
func validPrefix(head []byte, whole bool) bool {
	for cut := 0; cut < utf8.UTFMax && cut <= len(head); cut++ {
		if utf8.Valid(head[:len(head)-cut]) {
			return cut == 0 || !whole && !utf8.FullRune(head[len(head)-cut:])
		}
	}
	return false
}

// isBinary reports whether control characters are more than the odd accident that becomes a row error.
func isBinary(text []byte) bool {
	sample := text[:min(len(text), 8192)]
	controls := 0
	for _, c := range sample {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' {
			controls++
		}
	}
	return controls > 8 && controls*20 > len(sample)
}

// remainder reads what a window still holds and then its source.
type remainder struct{ w *window }

func (r *remainder) Read(p []byte) (int, error) {
	if rest := r.w.rest(); len(rest) > 0 {
		n := copy(p, rest)
		r.w.start += n
		return n, nil
	}
	if r.w.eof {
		if r.w.err != nil {
			return 0, r.w.err
		}
		return 0, io.EOF
	}
	return r.w.src.Read(p)
}
