package format

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"matcher/internal/recon"
)

const (
	dialectRows = 120 // records that detection reads; the header is among them
	delimiters  = ",;\t|"
)

// openCSV finds the delimiter and the header on the first view, then reads on from there.
func openCSV(in *input) (decoder, string, error) {
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	wanted := in.opt.Delimiter
	if wanted == 0 {
		wanted = declaredDelimiter(w.rest())
	}
	skipped, err := skipTo(w, in.opt.Header)
	if err != nil {
		return nil, "", err
	}
	head := w.head()
	if !w.eof && bytes.IndexByte(head, w.newline) < 0 {
		return nil, "", recon.TooLarge(recon.CodeFieldTooLong, "has a first line of more than %d kB, so it is no table",
			headBytes>>10)
	}
	d, chosen, err := separator(w, wanted, &in.opt)
	if err != nil {
		return nil, "", err
	}
	if d.header, err = chosen.columns(); err != nil {
		return nil, "", err
	}
	d.above = append(skipped, d.above...)
	found := "delimiter " + cmp.Or(delimiterNames[d.delimiter], string(rune(d.delimiter)))
	if chosen.line > 1 {
		found += fmt.Sprintf(", header on line %d", chosen.line)
	}
	first := chosen.line
	if d.other.line > 0 {
		first = d.other.line
	}
	for d.w.line < first { // quotes do not count in a preamble
		if err := d.skipLine(nil); err != nil {
			return nil, "", err
		}
	}
	if err := d.read(); err != nil {
		return nil, "", fmt.Errorf("reading the header: %w", err)
	}
	return d, found, nil
}

var delimiterNames = map[byte]string{',': "comma", ';': "semicolon", '\t': "tab", '|': "bar"}

// declaredDelimiter is what Excel writes on a line of its own, or 0.
func declaredDelimiter(head []byte) byte {
	line, _, ok := strings.Cut(string(head[:min(len(head), 16)]), "\n")
	if line = strings.TrimPrefix(line, `"`); ok && strings.HasPrefix(line, "sep=") && len(line) > 4 && line[4] != '\r' {
		return line[4]
	}
	return 0
}

// skipTo moves to the line that holds the header, and returns the first of the lines above it.
func skipTo(w *window, line int) (above []recon.Record, err error) {
	for w.line < line {
		end, last, err := w.lineEnd(0)
		if err != nil {
			return nil, readError(w, err)
		}
		if last {
			return nil, recon.Unprocessable(recon.CodeHeaderNotFound,
				fmt.Sprintf("has %d lines, so line %d cannot be its header", w.line, line))
		}
		if len(above) < dialectRows {
			fields := strings.FieldsFunc(string(w.rest()[:end]), func(r rune) bool {
				return strings.ContainsRune(delimiters, r)
			})
			above = append(above, recon.Record{Line: w.line, Fields: fields})
		}
		w.take(end + 1)
	}
	return above, nil
}

// separator reads the head with each delimiter and keeps the one under which it makes the best table.
func separator(w *window, wanted byte, opt *Options) (*csvDecoder, table, error) {
	candidates := delimiters
	if wanted != 0 {
		candidates = string([]byte{wanted})
	}
	var best *csvDecoder
	var bestTable table
	var refused error
	for _, delimiter := range []byte(candidates) {
		s := sample{
			rows: headRows(w.rest(), w, delimiter, dialectRows), names: opt.Names, known: opt.Known,
			comma: delimiter == ',',
		}
		chosen, above, err := s.header(opt.Header)
		if best == nil || chosen.score > bestTable.score {
			best = &csvDecoder{w: w, delimiter: delimiter, short: chosen.short, sections: sections{
				headerLine: chosen.line, names: chosen.names, known: opt.Names, probe: chosen.probe, other: above,
			}, above: s.above(&chosen, &above)}
			bestTable, refused = chosen, err
		}
	}
	return best, bestTable, refused
}

// headRows reads the first records of a text with one delimiter; lines that cannot be read are left out.
func headRows(head []byte, like *window, delimiter byte, most int) []sampleRow {
	text := bytes.Clone(head)
	if !like.eof { // the last line may be cut
		if i := bytes.LastIndexByte(text, like.newline); i >= 0 {
			text = text[:i]
		}
	}
	d := csvDecoder{delimiter: delimiter, w: &window{
		buf: text, end: len(text), eof: true, newline: like.newline, line: like.line,
	}}
	var rows []sampleRow
	for len(rows) < most {
		var rec recon.Record
		err := d.next(&rec)
		var row *recon.RowError
		if errors.As(err, &row) {
			continue
		}
		if err != nil {
			break
		}
		rows = append(rows, sampleRow{line: rec.Line, fields: slices.Clone(rec.Fields), over: d.over})
	}
	return rows
}
