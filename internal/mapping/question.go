package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/recon"
	"matcher/internal/setup"
)

// Evidence is what a decision about a file rests on, strongest first. What has less is a question.
const (
	Stated = "STATED" // by a map, an earlier reading or the format
	Proved = "PROVED" // by arithmetic: a running balance, sums, references shared with the other side
	Named  = "NAMED"  // by the name of a column or the words in it
)

// Question is what a file leaves open about its money. No row of the file is read until it is answered.
type Question struct {
	ID      string   `json:"id"`
	Text    string   `json:"text"`
	Answers []Answer `json:"answers"`
}

// Answer is one way to settle a question: what it means, and the line of a map that gives it.
type Answer struct {
	Text  string         `json:"text"`
	Line  string         `json:"line"`  // YAML
	Patch recon.FieldMap `json:"patch"` // the same, as what it adds to the map
}

// String is the question as a person reads it, an answer a line.
func (q *Question) String() string {
	var text strings.Builder
	text.WriteString(q.Text)
	for i, a := range q.Answers {
		fmt.Fprintf(&text, "\n  %d. %s:   %s", i+1, a.Text, a.Line)
	}
	return text.String()
}

// ask adds a question. Each answer is a text and the line of a map that gives it.
func (d *detector) ask(id, text string, answers ...[2]string) {
	d.report.Questions = append(d.report.Questions, newQuestion(id, text, answers))
}

func newQuestion(id, text string, answers [][2]string) Question {
	q := Question{ID: id, Text: text}
	for _, a := range answers {
		patch, faults := setup.DecodeFieldMap([]byte(a[1]))
		if len(faults) > 0 {
			panic("an answer that no map takes: " + a[1] + ": " + faults[0].String())
		}
		q.Answers = append(q.Answers, Answer{Text: a[0], Line: a[1], Patch: patch})
	}
	return q
}

// answersMax is how many questions one file may ask, each after the other.
const answersMax = 20

// ParseAnswer reads "direction=1": the id of a question and the number of the answer, counted from 1.
func ParseAnswer(text string) (id string, number int, ok bool) {
	at := strings.LastIndexByte(text, '=') // an id may hold a word of the file
	if at < 1 {
		return "", 0, false
	}
	number, err := strconv.Atoi(text[at+1:])
	return text[:at], number, err == nil && number > 0
}

// quoteYAML writes texts as a YAML list in a line.
func quoteYAML(texts ...string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = strconv.Quote(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// openQuestions is the error of a file that leaves something open; nil where nothing is.
func openQuestions(questions []Question) error {
	if len(questions) == 0 {
		return nil
	}
	faults := make([]recon.FieldError, len(questions))
	for i := range questions {
		faults[i] = recon.FieldError{
			Pointer: "/" + questions[i].ID, Code: recon.CodeReadingQuestion, Message: questions[i].String(),
		}
	}
	return recon.Unprocessable(recon.CodeReadingQuestion, "something in this file is open, and it is about money",
		faults...)
}

// answeredNothing refuses answers to questions that no file of a side has asked. Where files are read as the last ones
// of their sources, which had been asked, that is a note: one command is given every month.
func answeredNothing(side []*Reader) error {
	if len(side) == 0 {
		return nil
	}
	before := slices.IndexFunc(side, func(r *Reader) bool { return r.Detection.Earlier })
	for _, id := range slices.Sorted(maps.Keys(side[0].hints.Answers)) {
		text := fmt.Sprintf("there is no question %q about the %s side to answer; %s", id,
			strings.ToLower(string(side[0].hints.Side)), openIDs(side))
		switch {
		case slices.ContainsFunc(side, func(r *Reader) bool { return slices.Contains(r.asked, id) }):
		case before >= 0:
			d := &side[before].Detection
			d.Notes = append(slices.Clone(d.Notes), text+", and the file is read as the last one was")
		default:
			return recon.Unprocessable(recon.CodeReadingQuestion, text)
		}
	}
	return nil
}

// Answered returns the ids of the questions that were answered for the file, or for the one by whose reading it is
// read.
func (r *Reader) Answered() (ids []string) {
	if r.goesOn {
		ids = slices.Clone(r.hints.Earlier.Answered)
	}
	for _, id := range r.asked {
		if r.hints.Answers[id] > 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func openIDs(side []*Reader) string {
	var ids []string
	for _, r := range side {
		ids = append(ids, r.asked...)
	}
	if len(ids) == 0 {
		return "nothing is open"
	}
	return "asked is " + strings.Join(ids, ", ")
}
