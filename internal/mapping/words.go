package mapping

import (
	_ "embed" // words.txt
	"slices"
	"strings"

	"matcher/internal/recon"
)

// cells holds what words in cells mean, folded by foldWord.
var cells = parseWords(wordsText)

// wordTable holds the meaning of each word.
type wordTable struct {
	direction map[string]string // recon.DirectionIn, DirectionOut or DirectionNeutral
	status    map[string]string // recon.Booked, Pending, Void or undone
	label     map[string]string // labelBalance, or labelTotal for words that may be a name of something else too
}

// undone marks a row that another row may have taken back: whether it is money, its word alone does not decide.
const undone = "undone"

// Kinds of rows that are no movement.
const (
	labelBalance = "balance"
	labelTotal   = "total"
)

//go:embed words.txt
var wordsText string

func parseWords(text string) wordTable {
	t := wordTable{direction: map[string]string{}, status: map[string]string{}, label: map[string]string{}}
	for line := range strings.Lines(text) {
		key, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		meaning, _, _ := strings.Cut(key, " ")
		for word := range strings.SplitSeq(list, ", ") {
			switch word = foldWord(word); meaning {
			case labelBalance, labelTotal:
				t.label[word] = meaning
			case recon.DirectionIn, recon.DirectionOut, recon.DirectionNeutral:
				t.direction[word] = meaning
			case undone:
				t.status[word] = undone
			default:
				t.status[word] = map[string]string{
					"booked": recon.Booked, "pending": recon.Pending,
					"void": recon.Void,
				}[meaning]
			}
		}
	}
	return t
}

// directionOf returns which way a word means money to go, "" where it is not known.
func directionOf(word string) string { return cells.direction[foldWord(word)] }

// statusOf returns what a word means for whether a row is money; an empty one is booked.
func statusOf(word string) string {
	switch word {
	case "":
		return recon.Booked
	case recon.Booked, recon.Pending, recon.Void: // as a map writes them
		return word
	}
	return cells.status[foldWord(word)]
}

// foldWord makes words comparable: lower case, no accents, no dot or space around, and the letters of a word that is
// spelled out ("S A L D O") together.
func foldWord(word string) string {
	folded := strings.ToLower(foldAccents(strings.Trim(word, " .:*")))
	parts := strings.Fields(folded)
	if len(parts) > 2 && !slices.ContainsFunc(parts, func(p string) bool { return len(p) > 1 }) {
		return strings.Join(parts, "")
	}
	return strings.Join(parts, " ")
}

// labelOf returns what kind of row a text names, "" where it names something else. What follows
// the words may be a date or a number ("Balance as of 01/31/2026").
func labelOf(text string) string {
	if len(text) < 2 || len(text) > labelBytesMax || !mayBeLabel(text) {
		return ""
	}
	folded := foldWord(text)
	if end := strings.IndexAny(folded, "0123456789:"); end > 0 {
		folded = strings.Trim(folded[:end], " -,(.:")
	}
	return cells.label[folded]
}

const labelBytesMax = 80

// mayBeLabel reports whether a text can be a label, by its first letters: most texts are none, and this is asked of
// every
// cell.
func mayBeLabel(text string) bool {
	if text[1] == ' ' || strings.IndexByte(" .:*", text[0]) >= 0 {
		return true
	}
	return labelStarts[startOf(text)]
}

// startOf is the first three bytes of a text, in lower case.
func startOf(text string) (start uint32) {
	for i := range min(3, len(text)) {
		c := text[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		start = start<<8 | uint32(c)
	}
	return start
}

// labelStarts holds how the labels of words.txt begin, with and without their accents.
var labelStarts = func() map[uint32]bool {
	starts := map[uint32]bool{}
	for line := range strings.Lines(wordsText) {
		key, list, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if !strings.HasPrefix(key, labelBalance) && !strings.HasPrefix(key, labelTotal) {
			continue
		}
		for word := range strings.SplitSeq(list, ", ") {
			starts[startOf(word)], starts[startOf(foldWord(word))] = true, true
		}
	}
	return starts
}()
