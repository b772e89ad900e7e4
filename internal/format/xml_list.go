package format

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

var xmlText = regexp.MustCompile(`\A\s*<(?:\?xml\b|[A-Za-z_][^<>,;\t]*>\s*<[^\x00]*</|` +
	`[A-Za-z_][\w:.-]*(\s+[\w:.-]+="[^"]*")*\s*/?>\s*\z)`)

// looksXML accepts any XML: formats that have names of their own come before it.
func looksXML(head []byte) bool { return xmlText.Match(trimStart(head[:min(len(head), 8<<10)])) }

// xmlListDecoder reads the elements of a list as rows, whatever their names: what is in them are columns named by
// dotted paths ("payer.name", "amount.currency" for an attribute), as those of JSON are.
type xmlListDecoder struct {
	xml     *xmlReader
	flatten flattener
	list    string // the path of a row
	inside  bool
	size    int            // bytes of the row
	names   []string       // of the elements that are open inside the row, with a number behind those that come again
	times   map[string]int // how often a name came, by its place in the row
	others  map[string]int // how often an element came that is no row and has none in it
}

func openXML(in *input) (decoder, string, error) {
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	list, err := xmlListOf(w.rest())
	if err != nil {
		return nil, "", err
	}
	d := &xmlListDecoder{xml: newXML(w), flatten: newFlattener(w), list: list, others: map[string]int{}}
	return d, "the list " + list[1:], nil
}

// xmlListOf finds the list of a text by its beginning: the outermost elements that come again and have others or
// attributes in them.
func xmlListOf(head []byte) (string, error) {
	r := newXML(newWindow(bytes.NewReader(head)))
	times, filled := map[string]int{}, map[string]bool{}
	var order []string
	for {
		begins, err := r.next()
		if err != nil { // the text goes on behind what is seen of it; what is wrong in it is found again
			break
		}
		if !begins {
			continue
		}
		path := string(r.path)
		if times[path]++; times[path] == 1 {
			order = append(order, path)
		}
		if len(xmlAttributes(r.attrs)) > 0 {
			filled[path] = true
		}
		filled[path[:strings.LastIndexByte(path, '/')]] = true
	}
	var lists []string
	for _, path := range order {
		nested := len(lists) > 0 && strings.HasPrefix(path, lists[len(lists)-1]+"/")
		if times[path] > 1 && filled[path] && !nested {
			lists = append(lists, path)
		}
	}
	switch len(lists) {
	case 1:
		return lists[0], nil
	case 0:
		return "", refuse("is XML without a list of elements that come again: export CSV or JSON from where it comes")
	}
	return "", xmlTwoLists(lists[0], lists[1])
}

func xmlTwoLists(first, second string) error {
	return recon.Unprocessable(recon.CodeSeveralLists, fmt.Sprintf(
		"is XML with several lists of elements, %s and %s: keep the one that holds the rows", first[1:], second[1:]))
}

// outside refuses another list further down, whose rows would be lost.
func (d *xmlListDecoder) outside(path string) error {
	if strings.HasPrefix(d.list, path+"/") {
		return nil
	}
	if len(d.others) < ColumnsMax {
		d.others[path]++
	}
	above := path[:strings.LastIndexByte(path, '/')]
	switch {
	case d.others[above] > 1:
		return xmlTwoLists(d.list, above)
	case d.others[path] > 1 && len(xmlAttributes(d.xml.attrs)) > 0:
		return xmlTwoLists(d.list, path)
	}
	return nil
}

// xmlAttributes are the attributes that are values.
func xmlAttributes(all []xml.Attr) []xml.Attr {
	var values []xml.Attr
	for _, a := range all {
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" && a.Name.Space != "xsi" {
			values = append(values, a)
		}
	}
	return values
}

func (d *xmlListDecoder) next(rec *recon.Record) error {
	for {
		begins, err := d.xml.next()
		switch {
		case err != nil:
			return err
		case !d.inside && !begins:
			continue
		case !d.inside && string(d.xml.path) != d.list:
			if err := d.outside(string(d.xml.path)); err != nil {
				return err
			}
			continue
		case begins:
			d.begins()
		case string(d.xml.path) == d.list:
			d.ends()
			d.inside = false
			rec.Header, rec.Fields = d.flatten.header, d.flatten.fields
			rec.Line = d.flatten.line
			return d.flatten.problem
		default:
			d.ends()
		}
		if d.size > RecordBytesMax {
			return recon.TooLarge(recon.CodeFieldTooLong, "has an element %s of more than %d MB on line %d", d.list[1:],
				RecordBytesMax>>20, d.flatten.line)
		}
	}
}

// begins opens a row, or an element in it, and takes its attributes.
func (d *xmlListDecoder) begins() {
	f := &d.flatten
	if !d.inside {
		d.inside, d.size, d.names, d.times = true, 0, d.names[:0], map[string]int{}
		f.row++
		f.line, f.problem = d.xml.line, nil
		clear(f.fields)
	} else {
		name := string(d.xml.path[d.xml.open[len(d.xml.open)-1]:])
		place := strings.Join(append(d.names, name), ".")
		if n := d.times[place]; n > 0 {
			name += "." + strconv.Itoa(n)
		}
		d.times[place]++
		d.size += len(place)
		d.names = append(d.names, name)
	}
	for _, a := range xmlAttributes(d.xml.attrs) {
		d.put(a.Value, append(d.names, a.Name.Local)...)
	}
}

// ends takes the text of an element in the row.
func (d *xmlListDecoder) ends() {
	if text := strings.TrimSpace(string(d.xml.text)); text != "" {
		names := d.names
		if len(names) == 0 {
			names = []string{"text"}
		}
		d.put(text, names...)
	}
	if len(d.names) > 0 {
		d.names = d.names[:len(d.names)-1]
	}
}

func (d *xmlListDecoder) put(value string, names ...string) {
	d.size += len(value)
	d.flatten.path = append(d.flatten.path[:0], strings.Join(names, ".")...)
	d.flatten.put(value)
}
