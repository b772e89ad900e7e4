package examples

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Score is how confirmed groups compare with the truth. A group counts as a whole: one row too few or too many, and it
// is wrong.
type Score struct {
	Confirmed int      // groups that the rules confirmed
	True      int      // groups that the truth leaves to rules
	Found     int      // of those, confirmed
	Wrong     []string // confirmed groups that are not true
	Missed    []string // true groups that no rule confirmed
}

// Precision is the share of confirmed groups that are true; nothing confirmed is nothing wrong.
func (s *Score) Precision() float64 {
	if s.Confirmed == 0 {
		return 1
	}
	return 1 - float64(len(s.Wrong))/float64(s.Confirmed)
}

// Recall is the share of true groups that were confirmed, of those that the truth leaves to rules.
func (s *Score) Recall() float64 {
	if s.True == 0 {
		return 1
	}
	return float64(s.Found) / float64(s.True)
}

// Judge holds the groups.csv of a run against the truth.csv of its example. The truth is pairs of ids (left_id, right_id,
// why, decides); pairs that share a row make one group. Where a person decides, a rule may confirm the group or leave it.
func Judge(truth, groups io.Reader) (Score, error) {
	var score Score
	isTrue, forRules, err := readTruth(truth)
	if err != nil {
		return score, fmt.Errorf("reading the truth: %w", err)
	}
	confirmed, err := readConfirmed(groups)
	if err != nil {
		return score, fmt.Errorf("reading the groups: %w", err)
	}
	score.Confirmed, score.True = len(confirmed), len(forRules)
	for _, group := range slices.Sorted(maps.Keys(confirmed)) {
		if !isTrue[group] {
			score.Wrong = append(score.Wrong, group)
		}
	}
	for _, group := range slices.Sorted(maps.Keys(forRules)) {
		if confirmed[group] {
			score.Found++
		} else {
			score.Missed = append(score.Missed, group)
		}
	}
	return score, nil
}

// readTruth joins pairs into groups by the rows that they share. Ids of the two sides never collide in an example.
func readTruth(from io.Reader) (all, forRules map[string]bool, err error) {
	lines, err := readTable(from, "left_id", "right_id", "why", "decides")
	if err != nil {
		return nil, nil, err
	}
	groupOf, personal := map[string]*[]string{}, map[*[]string]bool{}
	for _, line := range lines {
		group := &[]string{}
		person := line[3] == "person"
		for _, id := range line[:2] {
			old := groupOf[id]
			switch {
			case old == nil:
				*group = append(*group, id)
			case old != group:
				*group = append(*group, *old...)
				person = person || personal[old]
			}
			for _, member := range *group {
				groupOf[member] = group
			}
		}
		personal[group] = person
	}
	all, forRules = map[string]bool{}, map[string]bool{}
	for _, group := range groupOf {
		all[groupName(*group)] = true
		if !personal[group] {
			forRules[groupName(*group)] = true
		}
	}
	return all, forRules, nil
}

func readConfirmed(from io.Reader) (map[string]bool, error) {
	lines, err := readTable(from, "group_id", "status", "external_id")
	if err != nil {
		return nil, err
	}
	members := map[string][]string{}
	for _, line := range lines {
		if line[1] == "CONFIRMED" {
			members[line[0]] = append(members[line[0]], line[2])
		}
	}
	confirmed := make(map[string]bool, len(members))
	for _, ids := range members {
		confirmed[groupName(ids)] = true
	}
	return confirmed, nil
}

func groupName(ids []string) string {
	return strings.Join(slices.Sorted(slices.Values(ids)), " + ")
}

// readTable reads the named columns of a CSV file.
func readTable(from io.Reader, columns ...string) ([][]string, error) {
	lines, err := csv.NewReader(from).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	rows := make([][]string, len(lines)-1)
	for i := range rows {
		rows[i] = make([]string, len(columns))
	}
	for c, column := range columns {
		at := slices.Index(lines[0], column)
		if at < 0 {
			return nil, fmt.Errorf("there is no column %q", column)
		}
		for i := range rows {
			rows[i][c] = lines[i+1][at]
		}
	}
	return rows, nil
}
