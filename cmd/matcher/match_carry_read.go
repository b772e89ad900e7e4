package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/mapping"
	"matcher/internal/recon"
)

// openLineMax bounds one line of open.ndjson: a row of a thousand long columns.
const openLineMax = 64 << 20

// lineError is a line of open.ndjson that cannot be.
type lineError struct {
	path string
	line int
	text string
}

func (e *lineError) Error() string {
	return fmt.Sprintf("%s line %d: %s; take the file from a backup, or run last period again with --out", e.path, e.line, e.text)
}

var errNotSettled = errors.New("a settled row is 22 or 32 characters of base64")

// carryReader reads open.ndjson line by line, and believes nothing that it has not checked.
type carryReader struct {
	*carry
	in    *bufio.Reader
	line  int
	ended bool
}

func (r *carryReader) read() error {
	sum := sha256.New()
	for {
		text, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		r.line++
		if r.ended {
			return r.fault("stands behind the end")
		}
		if err := r.take(text, hex.EncodeToString(sum.Sum(nil))); err != nil {
			return err
		}
		sum.Write(text)
	}
	if r.line == 0 {
		return r.foreign("it is empty")
	}
	if !r.ended {
		r.line++
		return r.fault("the end is missing: the file was cut off")
	}
	return r.check()
}

// next is a line with its end.
func (r *carryReader) next() ([]byte, error) {
	var line []byte
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > openLineMax:
			r.line++
			return nil, r.fault("is longer than %d bytes", openLineMax)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fileError(r.path, err)
		}
		return line, err
	}
}

func (r *carryReader) fault(text string, args ...any) error {
	return &lineError{r.path, r.line, fmt.Sprintf(text, args...)}
}

// foreign says that the file is something else altogether.
func (r *carryReader) foreign(why string) error {
	return fmt.Errorf("%s is not what matcher match --out wrote, since %s: name the folder of last period's --out", r.path, why)
}

// take reads one line; sum is the SHA-256 of those before it.
func (r *carryReader) take(text []byte, sum string) error {
	var of struct {
		Type string `json:"type"`
	}
	err := json.Unmarshal(text, &of)
	if r.line == 1 {
		return r.begin(text, of.Type, err)
	}
	switch {
	case err != nil:
		return r.fault("is no JSON object: %v", err)
	case of.Type == lineRow:
		return into(r, text, r.row)
	case of.Type == linePartial:
		return into(r, text, r.partial)
	case of.Type == lineRejected:
		return into(r, text, r.reject)
	case of.Type == lineSettled:
		return into(r, text, r.settled)
	case of.Type == lineEnd:
		return into(r, text, func(end *openEnd) error { return r.end(end, sum) })
	case of.Type == lineOpen:
		return r.fault("begins another file")
	}
	return r.fault("has the unknown type %q", of.Type)
}

// into decodes a line strictly and hands it on.
func into[T any](r *carryReader, text []byte, use func(*T) error) error {
	var value T
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		return r.fault("%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return use(&value)
}

func (r *carryReader) begin(text []byte, kind string, err error) error {
	var row struct {
		Side   string `json:"side"`
		Amount string `json:"amount"`
		Class  string `json:"class"`
	}
	switch {
	case err != nil:
		return r.foreign("its first line is no JSON object")
	case kind != lineOpen && json.Unmarshal(text, &row) == nil && row.Side != "" && row.Amount != "" && row.Class != "":
		return fmt.Errorf("%s was written by a matcher that did not know --carry yet: run last period again with --out", r.path)
	case kind != lineOpen:
		return r.foreign(fmt.Sprintf("its first line is not of type %q", lineOpen))
	}
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(text, &version); err != nil || version.Version < 1 {
		return r.foreign("its first line has no version")
	}
	if version.Version > openVersion {
		return fmt.Errorf("%s is of version %d, and this matcher reads up to %d: use the newer one", r.path, version.Version, openVersion)
	}
	return into(r, text, func(head *openHead) error {
		r.head = *head
		return r.checkHead()
	})
}

func (r *carryReader) checkHead() error {
	if !r.head.AsOf.Set() {
		return r.fault("the day asOf is missing")
	}
	for i, b := range r.head.Balances {
		if slices.ContainsFunc(r.head.Balances[:i], func(o openBalance) bool { return o.Currency == b.Currency }) {
			return r.fault("has two balances in %s", b.Currency)
		}
		for _, text := range append([]string{b.Left, b.Right}, b.amounts()...) {
			if _, err := recon.ParseMoney(text, b.Currency); err != nil {
				return r.fault("a balance: %v", err)
			}
		}
	}
	for _, o := range r.head.Sources {
		if _, errs := recon.DecodeFieldMap(o.Map); len(errs) > 0 {
			return r.fault("the map of source %q: %s", o.Name, errs[0].Message)
		}
	}
	return nil
}

func (b *openBalance) amounts() []string {
	var list []string
	for _, item := range b.Items {
		list = append(list, item.Amount)
	}
	return list
}

func (r *carryReader) row(line *openLine) error {
	side := sideIndex(line.Side)
	if side < 0 {
		return r.fault("side is %q, neither LEFT nor RIGHT", line.Side)
	}
	if line.N != len(r.rows[0])+len(r.rows[1])+1 {
		return r.fault("n is %d where row %d is due", line.N, len(r.rows[0])+len(r.rows[1])+1)
	}
	switch line.Status {
	case recon.StateOpen, recon.StateProposed, recon.StatePartial:
	default:
		return r.fault("status is %q, none of OPEN, PROPOSED and PARTIAL", line.Status)
	}
	tx, err := line.transaction()
	if err != nil {
		return r.fault("%v", err)
	}
	r.place[side][line.N] = rowID(carriedPlace, len(r.rows[side]))
	r.rows[side] = append(r.rows[side], carriedRow{tx, line.Source, line.File, line.Status})
	return nil
}

func sideIndex(side recon.Side) int {
	return slices.Index([]recon.Side{recon.Left, recon.Right}, side)
}

// transaction is the row as it was read then.
func (l *openLine) transaction() (recon.Transaction, error) {
	tx := recon.Transaction{
		Row: l.Row, Line: l.Line, ExternalID: l.ExternalID, Reference: l.Reference, Currency: l.Currency, Date: l.Date, ValueDate: l.ValueDate,
		Time: l.Time, Description: l.Description, Kind: l.Kind, BookingStatus: l.BookingStatus, Ordinal: l.Ordinal,
	}
	if !tx.Date.Set() {
		return tx, errors.New("the date is missing")
	}
	if tx.BookingStatus != recon.Booked && tx.BookingStatus != recon.Pending {
		return tx, fmt.Errorf("bookingStatus is %q, neither BOOKED nor PENDING", tx.BookingStatus)
	}
	amount, err := recon.ParseMoney(l.Amount, l.Currency)
	if err != nil {
		return tx, fmt.Errorf("amount: %w", err)
	}
	tx.Amount = amount.Amount
	for _, named := range []struct {
		name, text string
		to         *recon.NullMinor
	}{{"gross", l.Gross, &tx.Gross}, {"fee", l.Fee, &tx.Fee}, {"tax", l.Tax, &tx.Tax}, {"net", l.Net, &tx.Net}} {
		if named.text == "" {
			continue
		}
		amount, err := recon.ParseMoney(named.text, l.Currency)
		if err != nil {
			return tx, fmt.Errorf("%s: %w", named.name, err)
		}
		*named.to = recon.NullMinor{Amount: amount.Amount, Set: true}
	}
	if l.Original != nil {
		original, err := recon.ParseMoney(l.Original.Amount, l.Original.Currency)
		if err != nil {
			return tx, fmt.Errorf("original: %w", err)
		}
		tx.Original = &original
	}
	digest, err := hex.DecodeString(l.Digest)
	if err != nil || len(digest) != len(tx.Digest) {
		return tx, errors.New("digest is not 64 hexadecimal digits")
	}
	copy(tx.Digest[:], digest)
	for name, value := range l.Metadata {
		tx.Metadata = append(tx.Metadata, recon.Attribute{Name: name, Value: value})
	}
	slices.SortFunc(tx.Metadata, func(a, b recon.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return tx, nil
}

// set finds the rows of a group by their N.
func (r *carryReader) set(line *openSet) (set recon.RowSet, err error) {
	for side, of := range []struct {
		numbers []int
		to      *[]int64
	}{{line.Left, &set.Left}, {line.Right, &set.Right}} {
		for i, n := range of.numbers {
			id, known := r.place[side][n]
			if !known || slices.Contains(of.numbers[:i], n) {
				return set, r.fault("names row %d, which is not carried on that side, or twice", n)
			}
			*of.to = append(*of.to, id)
		}
	}
	if len(set.Left)+len(set.Right) < 2 {
		return set, r.fault("is a group of fewer than two rows")
	}
	return set, nil
}

func (r *carryReader) partial(line *openSet) error {
	set, err := r.set(line)
	if err != nil {
		return err
	}
	left := recon.Minor(0)
	for side, ids := range [][]int64{set.Left, set.Right} {
		for _, id := range ids {
			row := &r.rows[side][carriedIndex(id)]
			if row.status != recon.StatePartial {
				return r.fault("row %d of the partial group has the status %s", row.tx.Row, row.status)
			}
			row.status = "" // in no other group
			amount := row.tx.Amount
			if side == engine.RightIndex {
				amount = -amount
			}
			if left, err = left.Add(amount); err != nil {
				return r.fault("what is left of the group: %v", err)
			}
		}
	}
	if stated, err := recon.ParseMoney(line.Residual, line.Currency); err != nil || stated.Amount != left {
		return r.fault("residual is %q %s, but the rows of the group leave %s", line.Residual, line.Currency, recon.Money{Amount: left, Currency: line.Currency})
	}
	r.partials = append(r.partials, recon.PartialGroup{RowSet: set, Rule: line.Rule})
	return nil
}

func (r *carryReader) reject(line *openSet) error {
	set, err := r.set(line)
	r.rejected = append(r.rejected, set)
	return err
}

func (r *carryReader) settled(line *openSettled) error {
	if sideIndex(line.Side) < 0 || !line.Date.Set() {
		return r.fault("settled rows without a side or a date")
	}
	if err := line.remember(&mapping.Identities{}); err != nil {
		return r.fault("%v", err)
	}
	r.past = append(r.past, *line)
	return nil
}

func (r *carryReader) end(line *openEnd, sum string) error {
	r.ended = true
	switch {
	case line.Lines != r.line-1:
		return r.fault("%d lines were written, and %d stand here", line.Lines, r.line-1)
	case line.SHA256 != sum:
		return r.fault("a line above is not as it was written: the SHA-256 of all of them is %s, not %s", sum, line.SHA256)
	}
	return nil
}

// check holds the rows against each other and against the balances.
func (r *carryReader) check() error {
	for side := range r.rows {
		for i := range r.rows[side] {
			if row := &r.rows[side][i]; row.status == recon.StatePartial {
				return r.fault("%s row %d of %s is part of a group that is not here", sideOfIndex(side), row.tx.Row, row.file)
			}
		}
	}
	all := r.sums()
	for _, currency := range slices.Sorted(maps.Keys(all)) {
		sums := all[currency]
		earlier, err := r.earlier(currency, sums)
		if err == nil {
			_, err = engine.Bridge{Currency: currency, Left: sums[0], Right: sums[1], Items: []engine.BridgeItem{{Amount: sums[1] - sums[0]}}}.WithEarlier(earlier)
		}
		if err != nil {
			return r.fault("the balances in %s do not follow from the rows: %v", currency, err)
		}
	}
	return nil
}
