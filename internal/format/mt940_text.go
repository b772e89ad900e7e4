package format

import (
	"cmp"
	"regexp"
	"strings"
)

// mt940Wide are the characters of a full sub-field, and of a full line: what goes on in the next one has lost no space.
const (
	mt940SubFieldWide = 27
	mt940LineWide     = 65
)

var (
	mt940Code    = regexp.MustCompile(`^(\d{3})?([^\w\s])(\d\d)`)
	mt940Slashes = regexp.MustCompile(`/(TRTP|TRCD|IBAN|BIC|NAME|REMI|EREF|ORDP|BENM|MARF|CSID|RTRN|PREF|KREF|CNTP|` +
		`PURP|ADDR|ID|SVCL|ISDT|ULTD|ULTC|CITY|CTRY|INIT|OCMT|CHGS|EXCH|BUSP|SUBD)/`)
	mt940Plus = regexp.MustCompile(`\b(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP)[+:] ?`)
)

// describe fills the entry from its field 86. Banks structure it in three ways: sub-fields of two digits behind a
// separator (Germany, Poland), names between slashes (the Netherlands, Belgium), plain text.
func (d *mt940Decoder) describe(text string) {
	e := &d.entry.fields
	if m := mt940Code.FindStringSubmatchIndex(text); m != nil {
		d.subFields(text[m[4]:m[5]], text[m[4]:])
		return
	}
	line := strings.ReplaceAll(text, "\n", "")
	if found := mt940Slashes.FindAllStringSubmatchIndex(line, -1); found != nil && found[0][0] == 0 {
		d.named(line, found)
		return
	}
	e[entryDescription] = d.keywords(joinWide(strings.Split(text, "\n"), mt940LineWide))
}

// subFields reads ?20…?21…: 20 to 29 and 60 to 63 are the purpose, 30 to 33 bank, account and name of the other party.
func (d *mt940Decoder) subFields(separator, text string) {
	e := &d.entry.fields
	var purpose, name []string
	var last []byte // of purpose, which goes on
	booked := ""
	for _, part := range strings.Split(strings.ReplaceAll(text, "\n", ""), separator)[1:] {
		if len(part) < 2 || part[0] < '0' || part[0] > '9' || part[1] < '0' || part[1] > '9' {
			if len(purpose) > 0 { // the separator was a character of the text
				last = append(append(last, separator...), part...)
			}
			continue
		}
		code, value := part[:2], part[2:]
		switch {
		case code == "00":
			booked = value
		case code >= "20" && code <= "29", code >= "60" && code <= "63":
			purpose, last = append(keepLast(purpose, last), value), []byte(value)
		case code == "31" || code == "38":
			e[entryPartyAccount] = value
		case code == "32" || code == "33":
			name = append(name, value)
		}
	}
	e[entryParty] = joinWide(name, mt940SubFieldWide)
	e[entryDescription] = d.keywords(joinWide(keepLast(purpose, last), mt940SubFieldWide))
	if strings.TrimSpace(e[entryDescription]) == "" {
		e[entryDescription] = booked
	}
}

// keepLast puts the whole text of the last line in its place.
func keepLast(lines []string, last []byte) []string {
	if len(lines) > 0 {
		lines[len(lines)-1] = string(last)
	}
	return lines
}

// named reads /EREF/…/REMI/…: text between names belongs to the name before it.
func (d *mt940Decoder) named(text string, found [][]int) {
	e := &d.entry.fields
	for i, at := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		value := strings.Trim(text[at[1]:end], "/ ")
		switch text[at[2]:at[3]] {
		case "EREF":
			e[entryReference] = cmp.Or(unlessNone(value), e[entryReference])
		case "REMI":
			e[entryDescription] = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(value, "USTD//"), "STRD/"))
		case "NAME":
			e[entryParty] = value
		case "IBAN":
			e[entryPartyAccount] = value
		case "RTRN":
			e[entryKind] = kindReturn
		}
	}
	if e[entryDescription] == "" {
		e[entryDescription] = text
	}
}

// keywords takes EREF+… and SVWZ+… out of a purpose and returns what is left for people.
func (d *mt940Decoder) keywords(purpose string) string {
	e := &d.entry.fields
	found := mt940Plus.FindAllStringSubmatchIndex(purpose, -1)
	rest := purpose
	for i, at := range found {
		end := len(purpose)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		value := strings.TrimSpace(purpose[at[1]:end])
		switch purpose[at[2]:at[3]] {
		case "EREF":
			e[entryReference] = cmp.Or(unlessNone(value), e[entryReference])
		case "SVWZ":
			rest = value
		}
	}
	return rest
}

// joinWide joins the lines of one text: a full line goes on without a space.
func joinWide(lines []string, wide int) string {
	var b strings.Builder
	for i, line := range lines {
		b.WriteString(line)
		if i+1 < len(lines) && len([]rune(line)) < wide && !strings.HasSuffix(line, " ") {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
