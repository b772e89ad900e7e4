package mapping

import (
	_ "embed" // words.txt
	"slices"
	"strings"
	"unicode/utf8"

	"matcher/internal/recon"
)

// cells holds what words in cells mean, folded by foldWord and as files mostly write them.
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
	labelTotal   = "balance or total"
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
			for _, word := range spellings(word) {
				switch meaning {
				case "balance":
					t.label[word] = labelBalance
				case "total":
					t.label[word] = labelTotal
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
	}
	return t
}

// spellings are the ways in which files mostly write a word. They need no folding, which costs much on every row.
func spellings(word string) []string {
	folded := foldWord(word)
	all := []string{folded}
	for _, lower := range []string{folded, word} {
		_, first := utf8.DecodeRuneInString(lower)
		upper := strings.ToUpper(lower)
		for _, s := range []string{lower, upper, strings.ToUpper(lower[:first]) + lower[first:]} {
			if foldWord(s) == folded {
				all = append(all, s)
			}
		}
	}
	return all
}

// directionOf returns which way a word means money to go, "" where it is not known.
func directionOf(word string) string {
	if way, known := cells.direction[word]; known {
		return way
	}
	return cells.direction[foldWord(word)]
}

// statusOf returns what a word means for whether a row is money; an empty one is booked.
func statusOf(word string) string {
	switch word {
	case "":
		return recon.Booked
	case recon.Booked, recon.Pending, recon.Void: // as a map writes them
		return word
	}
	if status, known := cells.status[word]; known {
		return status
	}
	return cells.status[foldWord(word)]
}

// foldWord makes words comparable: lower case, no accents, no dot or space around, and the letters of a word that is
// spelled out ("S A L D O") together.
func foldWord(word string) string {
	folded := strings.ToLower(foldLetters(strings.Trim(word, " .:*")))
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
// every cell.
func mayBeLabel(text string) bool {
	if text[1] == ' ' || strings.IndexByte(" .:*", text[0]) >= 0 {
		return true
	}
	start, accented := startOf(text)
	return accented || labelStarts[start]
}

const labelStartBytes = 5

// startOf is a number for the letters with which a text begins, ASCII ones in lower case, and whether one of them is a
// Latin letter with an accent, which the labels are written without.
func startOf(text string) (start uint16, accented bool) {
	sum := uint64(0)
	for i := range min(labelStartBytes, len(text)) {
		c := text[i]
		if c < 'A' {
			break
		}
		if c <= 'Z' {
			c |= 0x20
		}
		accented = accented || c >= 0xc3 && c <= 0xc9
		sum = sum<<8 | uint64(c)
	}
	return uint16(sum * 0x9E3779B97F4A7C15 >> 48), accented
}

// labelStarts holds how the labels of words.txt begin.
var labelStarts = func() (starts [1 << 16]bool) {
	for word := range cells.label {
		start, _ := startOf(word)
		starts[start] = true
	}
	return starts
}()
