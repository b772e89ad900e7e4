package setup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"matcher/internal/recon"
)

const (
	bytesMax = 1 << 20 // 200 rules of 5 kB
	depthMax = 16      // the deepest field is at 7
)

type nodeKind int

const (
	scalarNode nodeKind = iota
	textNode
	nullNode
	listNode
	mapNode
)

// node is what JSON and YAML have in common, with the line it stood on.
type node struct {
	kind  nodeKind
	line  int
	text  string
	names []string
	items []*node
}

func (n *node) fault(pointer, code, message string) recon.FieldError {
	return recon.FieldError{Pointer: pointer, Code: code, Message: fmt.Sprintf("%s (line %d)", message, n.line)}
}

func (n *node) noun() string {
	switch n.kind {
	case listNode:
		return "a list"
	case mapNode:
		return "an object"
	case nullNode:
		return "null"
	case textNode:
		return "a text"
	}
	return strconv.Quote(recon.Clip(n.text, 40))
}

func parseDocument(data []byte) (*node, []recon.FieldError) {
	if len(data) > bytesMax {
		tooLong := fmt.Sprintf("is longer than %d bytes", bytesMax)
		return nil, []recon.FieldError{{Code: recon.CodeSyntax, Message: tooLong}}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	start := bytes.TrimSpace(data)
	if len(start) == 0 {
		return nil, []recon.FieldError{{Code: recon.CodeSyntax, Message: "is empty"}}
	}
	if start[0] == '[' || start[0] == '{' {
		return parseJSON(data)
	}
	return parseYAML(data)
}

func parseYAML(data []byte) (*node, []recon.FieldError) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var root, second yaml.Node
	if err := decoder.Decode(&root); err != nil {
		return nil, []recon.FieldError{{
			Code:    recon.CodeSyntax,
			Message: "is neither YAML nor JSON: " + strings.TrimPrefix(err.Error(), "yaml: "),
		}}
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, []recon.FieldError{{Code: recon.CodeSyntax, Message: "holds more than one document"}}
	}
	return fromYAML(root.Content[0], "", 0)
}

func fromYAML(y *yaml.Node, pointer string, depth int) (*node, []recon.FieldError) {
	n := &node{line: y.Line, text: y.Value}
	switch {
	case depth > depthMax:
		return nil, []recon.FieldError{n.fault(pointer, recon.CodeSyntax, "is nested too deeply")}
	case y.Kind == yaml.AliasNode || y.Anchor != "":
		return nil, []recon.FieldError{n.fault(pointer, recon.CodeSyntax,
			"uses an anchor or alias: write the value out")}
	case y.Kind == yaml.ScalarNode:
		n.kind = yamlScalar(y)
		return n, nil
	case y.Kind == yaml.SequenceNode:
		n.kind = listNode
		return n, n.fillYAML(y.Content, pointer, depth)
	}
	n.kind = mapNode
	values := make([]*yaml.Node, 0, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		n.names = append(n.names, y.Content[i].Value)
		values = append(values, y.Content[i+1])
	}
	return n, n.fillYAML(values, pointer, depth)
}

func yamlScalar(y *yaml.Node) nodeKind {
	switch y.ShortTag() {
	case "!!null":
		return nullNode
	case "!!str", "!!timestamp":
		return textNode
	}
	return scalarNode
}

func (n *node) fillYAML(values []*yaml.Node, pointer string, depth int) []recon.FieldError {
	var errs []recon.FieldError
	for i, value := range values {
		child, faults := fromYAML(value, n.childPointer(pointer, i), depth+1)
		errs = append(errs, faults...)
		n.items = append(n.items, child)
	}
	return errs
}

func (n *node) childPointer(pointer string, i int) string {
	if n.kind == mapNode {
		return pointer + "/" + recon.PointerName(n.names[i])
	}
	return pointer + "/" + strconv.Itoa(i)
}

func parseJSON(data []byte) (*node, []recon.FieldError) {
	reader := &jsonReader{data: data, decoder: json.NewDecoder(bytes.NewReader(data))}
	reader.decoder.UseNumber()
	root, err := reader.value(0)
	if err == nil {
		if _, rest := reader.decoder.Token(); !errors.Is(rest, io.EOF) {
			err = errors.New("something follows the end of the document")
		}
	}
	if err != nil {
		message := fmt.Sprintf("line %d: %v", reader.line(), err)
		return nil, []recon.FieldError{{Code: recon.CodeSyntax, Message: message}}
	}
	return root, nil
}

type jsonReader struct {
	data    []byte
	decoder *json.Decoder
	seen    int64
	lines   int
}

// line of the token just read, counted forward only, so a long document stays linear.
func (r *jsonReader) line() int {
	at := min(r.decoder.InputOffset(), int64(len(r.data)))
	r.lines += bytes.Count(r.data[r.seen:at], []byte{'\n'})
	r.seen = at
	return r.lines + 1
}

func (r *jsonReader) value(depth int) (*node, error) {
	token, err := r.decoder.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if depth > depthMax {
		return nil, errors.New("nested too deeply")
	}
	n := &node{line: r.line()}
	switch t := token.(type) {
	case json.Delim:
		return n, r.children(n, t, depth)
	case string:
		n.kind, n.text = textNode, t
	case json.Number:
		n.text = t.String()
	case bool:
		n.text = strconv.FormatBool(t)
	case nil:
		n.kind = nullNode
	}
	return n, nil
}

func (r *jsonReader) children(n *node, open json.Delim, depth int) error {
	n.kind = listNode
	if open == '{' {
		n.kind = mapNode
	}
	for r.decoder.More() {
		if n.kind == mapNode {
			token, err := r.decoder.Token()
			if err != nil {
				return err
			}
			name, _ := token.(string) // a key is one, or the decoder fails
			n.names = append(n.names, name)
		}
		child, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, child)
	}
	_, err := r.decoder.Token()
	return err
}

// quoted is what was written, where that is one value.
func (n *node) quoted() string {
	if n.kind == textNode || n.kind == scalarNode {
		return strconv.Quote(recon.Clip(n.text, 200))
	}
	return n.noun()
}
