package period

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
	"matcher/internal/setup"
)

// lineMax bounds one line: a row of a thousand long columns.
const lineMax = 64 << 20

// Read reads what the last period wrote. It believes nothing that it has not checked; its errors state name and line.
func Read(in io.Reader, name string) (*Carry, error) {
	r := reader{Carry: &Carry{}, name: name, in: bufio.NewReaderSize(in, 1<<20), ids: [2]map[int]int64{{}, {}}}
	if err := r.read(); err != nil {
		return nil, err
	}
	return r.Carry, nil
}

type reader struct {
	*Carry
	name  string
	in    *bufio.Reader
	line  int
	ended bool
	ids   [2]map[int]int64 // in the engine, by N
}

func (r *reader) read() error {
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
			return r.fault("follows the end")
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

// next returns a line with its end.
func (r *reader) next() ([]byte, error) {
	var line []byte
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > lineMax:
			r.line++
			return nil, r.fault("is longer than %d bytes", lineMax)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%s cannot be read: %w", r.name, err)
		}
		return line, err
	}
}

func (r *reader) fault(text string, args ...any) error {
	return fmt.Errorf("%s line %d: %s; take the file from a backup, or run last period again with --out",
		r.name, r.line, fmt.Sprintf(text, args...))
}

// foreign is the error for a file that is something else altogether.
func (r *reader) foreign(why string) error {
	return fmt.Errorf("%s is not what matcher match --out wrote, since %s: name the folder of last period's --out",
		r.name, why)
}

// take reads one line; sum is the SHA-256 of those before it.
func (r *reader) take(text []byte, sum string) error {
	var line struct {
		Type string `json:"type"`
	}
	err := json.Unmarshal(text, &line)
	if r.line == 1 {
		return r.begin(text, line.Type, err)
	}
	if err != nil {
		return r.fault("is no JSON object: %v", err)
	}
	switch line.Type {
	case lineRow:
		return decode(r, text, r.row)
	case linePartial:
		return decode(r, text, r.partial)
	case lineGroup:
		return decode(r, text, r.group)
	case lineRejected:
		return decode(r, text, r.reject)
	case lineSettled:
		return decode(r, text, r.settle)
	case lineOwed:
		return decode(r, text, r.owe)
	case lineEnd:
		return decode(r, text, func(end *endLine) error { return r.end(end, sum) })
	case lineOpen:
		return r.fault("begins another file")
	}
	return r.fault("has the unknown type %q", line.Type)
}

// decode reads a line strictly and passes it on.
func decode[T any](r *reader, text []byte, use func(*T) error) error {
	var value T
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		return r.fault("%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return use(&value)
}

func (r *reader) begin(text []byte, kind string, err error) error {
	var row struct {
		Side   string `json:"side"`
		Amount string `json:"amount"`
		Class  string `json:"class"`
	}
	switch {
	case err != nil:
		return r.foreign("its first line is no JSON object")
	case kind != lineOpen && json.Unmarshal(text, &row) == nil && row.Side != "" && row.Amount != "" && row.Class != "":
		return fmt.Errorf("%s was written by a matcher that did not know --carry yet: run last period again with --out",
			r.name)
	case kind != lineOpen:
		return r.foreign(fmt.Sprintf("its first line is not of type %q", lineOpen))
	}
	var stated struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(text, &stated); err != nil || stated.Version < 1 {
		return r.foreign("its first line has no version")
	}
	switch {
	case stated.Version > version:
		return fmt.Errorf("%s is of version %d, and this matcher reads up to %d: use the newer one", r.name,
			stated.Version, version)
	case stated.Version < version:
		return fmt.Errorf("%s is of version %d, by which rows are not known again: run last period again with --out",
			r.name, stated.Version)
	}
	return decode(r, text, func(h *head) error {
		r.head = *h
		return r.checkHead()
	})
}

func (r *reader) checkHead() error {
	if !r.head.AsOf.Set() {
		return r.fault("the day asOf is missing")
	}
	for i, b := range r.head.Balances {
		if slices.ContainsFunc(r.head.Balances[:i], func(other balance) bool { return other.Currency == b.Currency }) {
			return r.fault("has two balances in %s", b.Currency)
		}
		amounts := []string{b.Left, b.Right}
		for _, item := range b.Items {
			amounts = append(amounts, item.Amount)
		}
		for _, text := range amounts {
			if _, err := recon.ParseMoney(text, b.Currency); err != nil {
				return r.fault("a balance: %v", err)
			}
		}
	}
	for _, s := range r.head.Sources {
		if _, faults := setup.DecodeFieldMap(s.Map); len(faults) > 0 {
			return r.fault("the map of source %q: %s", s.Name, faults[0].Message)
		}
	}
	return nil
}

func (r *reader) row(line *rowLine) error {
	if line.Side != recon.Left && line.Side != recon.Right {
		return r.fault("side is %q, neither LEFT nor RIGHT", line.Side)
	}
	if due := len(r.ids[0]) + len(r.ids[1]) + 1; line.N != due {
		return r.fault("n is %d where row %d is due", line.N, due)
	}
	switch line.Status {
	case recon.StateOpen, recon.StateProposed, recon.StatePartial, recon.StateConfirmed:
	default:
		return r.fault("status is %q, none of OPEN, PROPOSED, PARTIAL and CONFIRMED", line.Status)
	}
	tx, err := line.transaction()
	if err != nil {
		return r.fault("%v", err)
	}
	side := indexOf(line.Side)
	to, first := &r.Rows[side], firstID
	if line.Status == recon.StateConfirmed {
		to, first = &r.Settled[side], settledFirst
	}
	row := Row{
		Tx: tx, ID: first + int64(len(*to)), Source: line.Source, File: line.File,
		partial: line.Status == recon.StatePartial,
	}
	r.ids[side][line.N] = row.ID
	*to = append(*to, row)
	return nil
}

// owe reads an adjustment.
func (r *reader) owe(line *owedLine) error {
	if recon.AdjustmentIn(line.Number) != line.Number || line.Number == "" || line.Amount == 0 || !line.Date.Set() {
		return r.fault("%q is no adjustment with a number, an amount and a day", line.Number)
	}
	if _, known := recon.CurrencyDigits(line.Currency); !known {
		return r.fault("the currency %q is unknown", line.Currency)
	}
	r.Owed = append(r.Owed, line.Owed)
	return nil
}

// group reads a settled group, whose rows are settled ones.
func (r *reader) group(line *setLine) error {
	set, err := r.set(line)
	if err != nil {
		return err
	}
	g := settledGroup{rule: line.Rule, reason: line.Reason, rows: [2][]int64{set.Left, set.Right}, newest: recon.NoDay}
	for side, ids := range g.rows {
		for _, id := range ids {
			row := r.Row(side, id)
			if id < settledFirst || row.grouped {
				return r.fault("row %d of the settled group is not settled, or in another one", row.Tx.Row)
			}
			row.grouped, row.group, g.newest = true, len(r.groups), max(g.newest, row.Tx.Date)
		}
	}
	r.groups = append(r.groups, g)
	return nil
}

// set finds the rows of a group by their N.
func (r *reader) set(line *setLine) (set recon.RowSet, err error) {
	for side, numbered := range []struct {
		numbers []int
		to      *[]int64
	}{{line.Left, &set.Left}, {line.Right, &set.Right}} {
		for i, n := range numbered.numbers {
			id, known := r.ids[side][n]
			if !known || slices.Contains(numbered.numbers[:i], n) {
				return set, r.fault("names row %d, which is not carried on that side, or twice", n)
			}
			*numbered.to = append(*numbered.to, id)
		}
	}
	if len(set.Left)+len(set.Right) < 2 {
		return set, r.fault("is a group of fewer than two rows")
	}
	return set, nil
}

func (r *reader) partial(line *setLine) error {
	set, err := r.set(line)
	if err != nil {
		return err
	}
	left := recon.Minor(0)
	for side, ids := range [2][]int64{set.Left, set.Right} {
		for _, id := range ids {
			row := r.Row(side, id)
			switch {
			case id >= settledFirst, row.grouped:
				return r.fault("row %d of the partial group is in another one", row.Tx.Row)
			case !row.partial:
				return r.fault("row %d of the partial group has not the status PARTIAL", row.Tx.Row)
			}
			row.grouped = true
			amount := row.Tx.Amount
			if side == engine.RightIndex {
				amount = -amount
			}
			if left, err = left.Add(amount); err != nil {
				return r.fault("what is left of the group: %v", err)
			}
		}
	}
	if stated, err := recon.ParseMoney(line.Residual, line.Currency); err != nil || stated.Amount != left {
		return r.fault("residual is %q %s, but the rows of the group leave %s",
			line.Residual, line.Currency, recon.Money{Amount: left, Currency: line.Currency})
	}
	r.Partials = append(r.Partials, recon.PartialGroup{RowSet: set, Rule: line.Rule})
	return nil
}

func (r *reader) reject(line *setLine) error {
	set, err := r.set(line)
	r.Rejected = append(r.Rejected, set)
	return err
}

func (r *reader) settle(line *settledLine) error {
	if line.Side != recon.Left && line.Side != recon.Right || !line.Date.Set() {
		return r.fault("settled rows without a side or a date")
	}
	if err := line.remember(&mapping.Identities{}); err != nil {
		return r.fault("%v", err)
	}
	r.settled = append(r.settled, *line)
	return nil
}

func (r *reader) end(line *endLine, sum string) error {
	r.ended = true
	switch {
	case line.Lines != r.line-1:
		return r.fault("%d lines were written, and %d are here", line.Lines, r.line-1)
	case line.SHA256 != sum:
		return r.fault("a line above is not as it was written: the SHA-256 of all of them is %s, not %s", sum,
			line.SHA256)
	}
	return nil
}

// check checks the rows against each other and against the balances.
func (r *reader) check() error {
	for _, rows := range append(r.Rows[:], r.Settled[:]...) {
		for i := range rows {
			if row := &rows[i]; (row.partial || row.ID >= settledFirst) && !row.grouped {
				return r.fault("row %d of %s is part of a group that is not here", row.Tx.Row, row.File)
			}
		}
	}
	all := r.sums()
	for _, currency := range slices.Sorted(maps.Keys(all)) {
		sums := all[currency]
		earlier, err := r.earlier(currency, sums)
		if err == nil {
			rest := recon.BridgeItem{Amount: sums[1] - sums[0]}
			_, err = recon.Bridge{
				Currency: currency, Left: sums[0], Right: sums[1],
				Items: []recon.BridgeItem{rest},
			}.WithEarlier(earlier)
		}
		if err != nil {
			return r.fault("the balances in %s do not follow from the rows: %v", currency, err)
		}
	}
	return nil
}
