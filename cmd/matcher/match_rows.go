package main

import (
	"encoding/binary"

	"matcher/internal/recon"
)

const rowChunkBytes = 1 << 20

// rowStore keeps the records of one file in few large pieces of memory, about as large as the file itself, so that the
// rows that a report names can be mapped again after matching. A million mapped rows would cost five times that.
type rowStore struct {
	header []string
	chunks [][]byte
	places []rowPlace
}

type rowPlace struct {
	chunk, offset uint32
	line          uint32
}

// add keeps a record under its data row; rows that could not even be read leave an empty place.
func (s *rowStore) add(r recon.Record) {
	s.header = r.Header
	for len(s.places) < r.Row-1 {
		s.places = append(s.places, rowPlace{})
	}
	last := len(s.chunks) - 1
	if last < 0 || len(s.chunks[last])+recordBytesMax(r) > cap(s.chunks[last]) {
		s.chunks = append(s.chunks, make([]byte, 0, max(rowChunkBytes, recordBytesMax(r))))
		last++
	}
	chunk := s.chunks[last]
	s.places = append(s.places, rowPlace{chunk: uint32(last), offset: uint32(len(chunk)), line: uint32(r.Line)})
	chunk = binary.AppendUvarint(chunk, uint64(len(r.Fields)))
	for _, field := range r.Fields {
		chunk = binary.AppendUvarint(chunk, uint64(len(field)))
		chunk = append(chunk, field...)
	}
	s.chunks[last] = chunk
}

func recordBytesMax(r recon.Record) int {
	size := binary.MaxVarintLen64
	for _, field := range r.Fields {
		size += binary.MaxVarintLen64 + len(field)
	}
	return size
}

// has reports whether a data row could be read at all.
func (s *rowStore) has(row int) bool {
	return row >= 1 && row <= len(s.places) && s.places[row-1].line > 0
}

// record is the record of a 1-based data row.
func (s *rowStore) record(row int) recon.Record {
	place := s.places[row-1]
	data := s.chunks[place.chunk][place.offset:]
	count, n := binary.Uvarint(data)
	data = data[n:]
	fields := make([]string, count)
	for i := range fields {
		size, n := binary.Uvarint(data)
		fields[i] = string(data[n : n+int(size)])
		data = data[n+int(size):]
	}
	return recon.Record{Line: int(place.line), Row: row, Header: s.header, Fields: fields}
}
