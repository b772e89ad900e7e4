package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"matcher/internal/recon"
)

// step is one compiled transform.
type step struct {
	op         string
	pattern    *regexp.Regexp
	with       string
	from, size int
}

// simpleSteps are the transforms without arguments, by the words of recon.TransformOps.
var simpleSteps = map[string]func(string) string{
	"trim":   strings.TrimSpace,
	"upper":  strings.ToUpper,
	"lower":  strings.ToLower,
	"digits": func(text string) string { return keep(text, unicode.IsDigit) },
	"alnum": func(text string) string {
		return keep(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	},
	"stripZeros":  stripZeros,
	"foldAccents": foldAccents,
}

func compileSteps(transforms []recon.Transform) ([]step, error) {
	steps := make([]step, 0, len(transforms))
	for _, t := range transforms {
		s := step{op: t.Op, with: t.With, from: t.From, size: t.Size}
		switch t.Op {
		case recon.TransformReplace, recon.TransformExtract:
			pattern, err := regexp.Compile(t.Text)
			if err != nil {
				return nil, fmt.Errorf("%q is not an RE2 expression", t.Text)
			}
			s.pattern = pattern
		case recon.TransformSubstring:
		default:
			if simpleSteps[t.Op] == nil {
				return nil, fmt.Errorf("there is no transform %q", t.Op)
			}
		}
		steps = append(steps, s)
	}
	return steps, nil
}

func (s *step) apply(text string) string {
	switch s.op {
	case recon.TransformReplace:
		return s.pattern.ReplaceAllString(text, s.with)
	case recon.TransformExtract:
		match := s.pattern.FindStringSubmatch(text)
		if match == nil {
			return ""
		}
		return match[min(1, len(match)-1)] // its first group where the expression has one
	case recon.TransformSubstring:
		return substring(text, s.from, s.size)
	}
	return simpleSteps[s.op](text)
}

// idleSteps finds expressions of a map that fit no value of the sample: an error where money or its day come of them,
// else a note.
func (r *Reader) idleSteps(given recon.FieldMap) error {
	var problems []recon.FieldError
	r.notes = slices.DeleteFunc(r.notes, func(note string) bool { return strings.Contains(note, fitsNothing) })
	for _, name := range recon.MappedFields {
		field, mapped := given.Fields[name]
		if !mapped || len(field.Transforms) == 0 {
			continue
		}
		s, wrong := compileSource(name, field, given, r.file.Header())
		if len(wrong) > 0 {
			continue // compile refuses it
		}
		for i := range s.steps {
			text, line, idle := s.idle(i, r.sample)
			if !idle {
				continue
			}
			pointer := fmt.Sprintf("/transforms/%s/%d", name, i)
			message := fmt.Sprintf("%q %s of %s, such as %q on line %d: correct it, or leave it out",
				s.steps[i].pattern, fitsNothing, strings.Join(field.Columns, "+"), text, line)
			if s.steps[i].op == recon.TransformExtract && !slices.Contains(freeTexts, name) {
				problems = append(problems, recon.FieldError{
					Pointer: pointer, Code: recon.CodeInvalidValue, Message: message,
				})
				continue
			}
			r.notes = append(r.notes, pointer+": "+message)
		}
	}
	return unfit(problems)
}

const fitsNothing = "fits no value"

// freeTexts are the fields without which a row still has its money.
var freeTexts = []string{recon.FieldReference, recon.FieldDescription, recon.FieldKind, recon.FieldExternalID}

// idle reports whether an expression fits no value of the sample, with the first that it does not fit.
func (s *source) idle(at int, sample []recon.Record) (text string, line int, idle bool) {
	if s.steps[at].pattern == nil {
		return "", 0, false
	}
	for _, rec := range sample {
		value := s.raw(rec)
		for i := range at {
			value = s.steps[i].apply(value)
		}
		switch {
		case value == "":
		case s.steps[at].pattern.MatchString(value):
			return "", 0, false
		case line == 0:
			text, line = value, rec.Line
		}
	}
	return text, line, line > 0
}

// substring counts characters from 1; size 0 is the rest.
func substring(text string, from, size int) string {
	characters := []rune(text)
	if from > len(characters) {
		return ""
	}
	characters = characters[max(from-1, 0):]
	if size > 0 && size < len(characters) {
		characters = characters[:size]
	}
	return string(characters)
}

func keep(text string, fits func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if fits(r) {
			return r
		}
		return -1
	}, text)
}

// stripZeros takes leading zeros off, but leaves one of a text that is all zeros.
func stripZeros(text string) string {
	stripped := strings.TrimLeft(text, "0")
	if stripped == "" && text != "" {
		return "0"
	}
	return stripped
}

// foldAccents takes the marks off letters: é is e. Letters that are no letter with a mark (ø, ß) stay.
func foldAccents(text string) string {
	for i := range len(text) {
		if text[i] >= 0x80 {
			folded, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC),
				text)
			if err != nil {
				return text
			}
			return folded
		}
	}
	return text
}

// plainLetters are what letters that are no letter with a mark are written as in tables of names.
var plainLetters = strings.NewReplacer("ł", "l", "Ł", "L", "ı", "i", "đ", "d", "Đ", "D", "ø", "o", "Ø", "O",
	"æ", "ae", "Æ", "Ae", "œ", "oe", "Œ", "Oe", "ß", "ss")

// foldLetters is foldAccents for names and words, which know no letter but plain ones.
func foldLetters(text string) string {
	folded := foldAccents(text)
	for i := range len(folded) {
		if folded[i] >= 0x80 {
			return plainLetters.Replace(folded)
		}
	}
	return folded
}
