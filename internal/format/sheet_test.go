//go:build unit || !integration

package format

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValuesOfCells(t *testing.T) {
	b := &workbook{dates: map[string]bool{"1": true}, first: excelEpoch}
	for text, want := range map[string]string{
		"46027": "2026-01-05", "46027.999999999": "2026-01-06", "1": "1900-01-01", "59": "1900-02-28", "60": "1900-02-29", "61": "1900-03-01",
		"0.5": "12:00:00", "46027.25": "2026-01-05T06:00:00", "-1": "-1", "2958466": "2958466", "x": "x", "": "",
	} {
		got, err := b.value(&cell{style: "1", value: []byte(text)})
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		"0.30000000000000004": "0.3", "1E-3": "0.001", "-1.2345E3": "-1234.5", "12345678901234567890": "1.23456789012346E+19", "1234567890123456": "1.23456789012346E+15", "1.23456789012346E+15": "1.23456789012346E+15",
		"123456789012345": "123456789012345", "1234.50": "1234.50", "1.1000000000000001": "1.1",
		"1e999": "1e999", "99999999.989999995": "99999999.99", "4.35": "4.35", "1E+2": "100",
	} {
		require.Equal(t, want, plain(text), text)
	}
	for cell, want := range map[string]int{"A1": 0, "Z9": 25, "AA1": 26, "XFD1": 16383, "1": -1, "A": -1, "a1": -1, "ABCD1": -1, "": -1} {
		require.Equal(t, want, columnOf(cell), cell)
	}
}
