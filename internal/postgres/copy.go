package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// copyHead opens a stream of PostgreSQL's binary COPY format: signature, flags, no header extension.
const copyHead = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// copyTail ends one: a field count of −1.
const copyTail = "\xff\xff"

// epochDays is PostgreSQL's day zero, 2000-01-01, in days since 1970-01-01; epochMicros the same in microseconds.
const (
	epochDays   = 10957
	epochMicros = epochDays * 86400 * 1_000_000
)

// copyRow is one row (or many, back to back) in the binary COPY format. Encoding by hand instead of by reflection is
// what keeps the service's share of an import small next to the server's.
type copyRow []byte

func (r copyRow) fields(n int) copyRow { return binary.BigEndian.AppendUint16(r, uint16(n)) }
func (r copyRow) null() copyRow        { return binary.BigEndian.AppendUint32(r, 0xffffffff) }

func (r copyRow) size(n int) copyRow {
	return binary.BigEndian.AppendUint32(r, uint32(n))
}

func (r copyRow) int8(v int64) copyRow {
	return binary.BigEndian.AppendUint64(r.size(8), uint64(v))
}

func (r copyRow) int2(v int16) copyRow {
	return binary.BigEndian.AppendUint16(r.size(2), uint16(v))
}

func (r copyRow) int4(v int32) copyRow {
	return binary.BigEndian.AppendUint32(r.size(4), uint32(v))
}

func (r copyRow) boolean(v bool) copyRow {
	if v {
		return append(r.size(1), 1)
	}
	return append(r.size(1), 0)
}

func (r copyRow) bytes(v []byte) copyRow { return append(r.size(len(v)), v...) }
func (r copyRow) text(v string) copyRow  { return append(r.size(len(v)), v...) }

// textOrNull stores an absent text as NULL, which costs a bit instead of a byte and reads as "not given".
func (r copyRow) textOrNull(v string) copyRow {
	if v == "" {
		return r.null()
	}
	return r.text(v)
}

func (r copyRow) day(d recon.Day) copyRow {
	if !d.Set() {
		return r.null()
	}
	return r.int4(d.Unix() - epochDays)
}

func (r copyRow) minor(v recon.NullMinor) copyRow {
	if !v.Set {
		return r.null()
	}
	return r.int8(int64(v.Amount))
}

// jsonb is version byte 1 and the JSON text.
func (r copyRow) jsonb(text []byte) copyRow {
	return append(append(r.size(len(text)+1), 1), text...)
}

// uuid takes the canonical text of a UUID that the database gave.
func (r copyRow) uuid(text string) copyRow {
	var id pgtype.UUID
	if err := id.Scan(text); err != nil {
		panic("a stored id that is no UUID: " + err.Error())
	}
	return r.bytes(id.Bytes[:])
}

// int8Array is one dimension, no nulls, element type 20, lower bound 1.
func (r copyRow) int8Array(values []int64) copyRow {
	const int8OID = 20
	if len(values) == 0 {
		return r.size(12).raw(0).raw(0).raw(int8OID)
	}
	r = r.size(20 + 12*len(values)).raw(1).raw(0).raw(int8OID).raw(uint32(len(values))).raw(1)
	for _, v := range values {
		r = r.int8(v)
	}
	return r
}

func (r copyRow) raw(v uint32) copyRow { return binary.BigEndian.AppendUint32(r, v) }

// copyChunk is how much is encoded before the driver gets it: 64 KiB, the size it reads in.
const copyChunk = 64 << 10

// copyStream encodes rows while the driver reads them, a chunk at a time.
type copyStream struct {
	next    func() ([]byte, bool)
	stop    func()
	pending []byte
}

func newCopyStream[T any](rows iter.Seq[T], encode func(copyRow, T) copyRow) *copyStream {
	s := &copyStream{}
	s.next, s.stop = iter.Pull(func(yield func([]byte) bool) {
		chunk := append(make(copyRow, 0, 2*copyChunk), copyHead...)
		for row := range rows {
			if chunk = encode(chunk, row); len(chunk) >= copyChunk {
				if !yield(chunk) {
					return
				}
				chunk = chunk[:0]
			}
		}
		yield(append(chunk, copyTail...))
	})
	return s
}

func (s *copyStream) Read(into []byte) (int, error) {
	if len(s.pending) == 0 {
		var more bool
		if s.pending, more = s.next(); !more {
			return 0, io.EOF
		}
	}
	n := copy(into, s.pending)
	s.pending = s.pending[n:]
	return n, nil
}

// turnReader passes the turn to work that waits for one, a chunk at a time.
type turnReader struct{ io.Reader }

func (r turnReader) Read(into []byte) (int, error) {
	solver.PassTurn()
	return r.Reader.Read(into) //nolint:wrapcheck // a reader must hand io.EOF on as it is
}

// copyIn streams rows into a table by COPY; sql names the table and its columns.
func (tx *Tx) copyIn(ctx context.Context, sql string, rows io.Reader) (int64, error) {
	if s, ours := rows.(*copyStream); ours {
		defer s.stop()
	}
	if tx.inTurn {
		rows = turnReader{rows}
	}
	tag, err := tx.tx.Conn().PgConn().CopyFrom(ctx, rows, sql)
	if err != nil {
		return 0, fmt.Errorf("copying rows: %w", err)
	}
	return tag.RowsAffected(), nil
}

// violates reports whether err is the violation of the constraint or unique index of that name.
func violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == constraint
}
