package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// writeFiles writes a ledger and a bank statement of n rows each, as exports look: 90 of 100 rows agree on reference,
// amount and day, and the statement comes in another order.
func writeFiles(folder string, n int) (left, right string, err error) {
	return writeFilesFrom(folder, n, 0, 10)
}

// writeFilesFrom numbers its rows from first, so that several pairs of files are of one business; one row in apart does
// not agree.
func writeFilesFrom(folder string, n, first, apart int) (left, right string, err error) {
	random := rand.New(rand.NewPCG(uint64(n), uint64(7+first)))
	left, right = filepath.Join(folder, "ledger.csv"), filepath.Join(folder, "bank.csv")
	rows := make([]fileRow, n)
	for i := range rows {
		rows[i] = fileRow{number: first + i, reference: strconv.FormatUint(random.Uint64()%1e12, 10), day: random.IntN(365), minor: 100 + random.IntN(5_000_000)}
	}
	if err := writeCSV(left, []string{"entry_id", "posted_at", "reference", "counterparty", "description", "amount", "currency"}, n, func(i int) []string {
		r := rows[i]
		return []string{"GL" + strconv.Itoa(r.number), r.date(), "E2E" + r.reference, "Company " + strconv.Itoa(i%5000), "Invoice " + strconv.Itoa(i), r.amount(), "EUR"}
	}); err != nil {
		return "", "", err
	}
	random.Shuffle(n, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	err = writeCSV(right, []string{"bank_ref", "booking_date", "value_date", "amount", "currency", "reference", "remittance_info"}, n, func(i int) []string {
		r := rows[i]
		if i%apart == 0 {
			r.reference, r.minor = "X"+r.reference, r.minor+7
		}
		return []string{"BK" + strconv.Itoa(r.number), r.date(), r.date(), r.amount(), "EUR", "E2E" + r.reference, "PAYMENT " + strconv.Itoa(r.number)}
	})
	return left, right, err
}

type fileRow struct {
	number, day, minor int
	reference          string
}

func (r fileRow) date() string   { return fmt.Sprintf("2025-%02d-%02d", 1+r.day/31, 1+r.day%28) }
func (r fileRow) amount() string { return fmt.Sprintf("%d.%02d", r.minor/100, r.minor%100) }

func writeCSV(path string, header []string, n int, row func(i int) []string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	buffer := bufio.NewWriterSize(file, 1<<20)
	out := csv.NewWriter(buffer)
	if err := out.Write(header); err != nil {
		return err
	}
	for i := range n {
		if err := out.Write(row(i)); err != nil {
			return err
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	return buffer.Flush()
}
