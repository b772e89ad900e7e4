// Package predicate evaluates CEL expressions over one row, such as the where of a rule. Names are those of the
// canonical row: externalId, reference, currency, description, kind, bookingStatus (texts), amount, gross, fee, tax,
// net, original.amount (decimals), date, valueDate (days), original.currency, and metadata.x or metadata["x y"]
// (texts).
//
// Amounts are exact decimals: they compare with whole numbers, decimals and texts that hold one, add and subtract, and
// abs(amount) is their magnitude. Days compare with days and with texts as "2026-01-31". What a row lacks (a metadata
// name, a gross, a value date, an original) makes the evaluation fail, and a predicate that fails is false;
// has(metadata.x) and "x y" in metadata ask beforehand.
package predicate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"matcher/internal/recon"
)

const (
	// bytesMax and costMax bound a predicate: a hundred comparisons and a few searches in long texts. The cost
	// is CEL's own estimate; an evaluation that would run past it is false.
	bytesMax = 2000
	costMax  = 5_000
	// textMax is how long a text is taken to be when the cost is estimated.
	textMax = 256
	// literalDigitsMax is how many digits a number in a predicate may have: CEL reads it as a float, which is exact
	// that far.
	literalDigitsMax = 15
)

// Predicate is a compiled expression.
type Predicate struct {
	program cel.Program
	Fields  []string // canonical names and metadata.<name>
}

var (
	decimalType = cel.ObjectType("decimal",
		traits.ComparerType|traits.AdderType|traits.SubtractorType|traits.NegatorType)
	dayType = cel.ObjectType("day", traits.ComparerType)
)

// environment knows the fields of a row and how decimals and days compare, openEnvironment those of an open row too.
// They never change.
var (
	environment     = mustEnvironment()
	openEnvironment = sync.OnceValue(mustOpenEnvironment)
)

// openNames are what is known of an open row apart from its fields.
var openNames = []string{"side", "source", "class", "reason", "severity"}

func mustOpenEnvironment() *cel.Env {
	var options []cel.EnvOption
	for _, name := range openNames {
		options = append(options, cel.Variable(name, cel.StringType))
	}
	env, err := environment.Extend(options...)
	if err != nil {
		panic("predicate: the environment of open rows: " + err.Error())
	}
	return env
}

func mustEnvironment() *cel.Env {
	options := []cel.EnvOption{
		cel.ParserExpressionSizeLimit(bytesMax), cel.ParserRecursionLimit(50),
		cel.Variable("metadata", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("original.amount", decimalType), cel.Variable("original.currency", cel.StringType),
		cel.Variable("date", dayType), cel.Variable("valueDate", dayType),
		cel.Function("decimal", cel.Overload("decimal_string", []*cel.Type{cel.StringType}, decimalType,
			cel.UnaryBinding(decimalOfText))),
		cel.Function("abs", cel.Overload("abs_decimal", []*cel.Type{decimalType}, decimalType,
			cel.UnaryBinding(absolute))),
		cel.Function(operators.Add, cel.Overload("add_decimals", []*cel.Type{decimalType, decimalType}, decimalType)),
		cel.Function(operators.Subtract, cel.Overload("subtract_decimals", []*cel.Type{decimalType, decimalType},
			decimalType)),
		cel.Function(operators.Negate, cel.Overload("negate_decimal", []*cel.Type{decimalType}, decimalType)),
	}
	for _, name := range []string{"amount", "gross", "fee", "tax", "net"} {
		options = append(options, cel.Variable(name, decimalType))
	}
	for _, name := range []string{"externalId", "reference", "currency", "description", "kind", "bookingStatus"} {
		options = append(options, cel.Variable(name, cel.StringType))
	}
	for _, operator := range comparisons {
		for _, pair := range [][2]*cel.Type{
			{decimalType, decimalType},
			{decimalType, cel.IntType},
			{decimalType, cel.StringType},
			{dayType, dayType},
			{dayType, cel.StringType},
		} {
			if isEquality(operator) {
				continue // CEL compares any two values of one type; literals of another are let through as dyn
			}
			id := fmt.Sprintf("where_%s_%s_%s", operator, pair[0], pair[1])
			options = append(options, cel.Function(operator, cel.Overload(id, pair[:], cel.BoolType)))
		}
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		panic("engine: the environment of predicates: " + err.Error())
	}
	return env
}

var comparisons = []string{
	operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
	operators.Equals, operators.NotEquals,
}

func isEquality(operator string) bool {
	return operator == operators.Equals || operator == operators.NotEquals
}

// turnedRound is the same comparison with its sides swapped.
var turnedRound = map[string]string{
	operators.Less: operators.Greater, operators.LessEquals: operators.GreaterEquals, operators.Greater: operators.Less,
	operators.GreaterEquals: operators.LessEquals, operators.Equals: operators.Equals,
	operators.NotEquals: operators.NotEquals,
}

// Compile reads a predicate, or returns in one sentence what is wrong with it.
func Compile(text string) (*Predicate, error) { return compileIn(environment, text) }

// CompileOpen reads a predicate over an open row, which also knows its side, source, class, reason and severity.
func CompileOpen(text string) (*Predicate, error) { return compileIn(openEnvironment(), text) }

func compileIn(environment *cel.Env, text string) (*Predicate, error) {
	if len(text) > bytesMax {
		return nil, fmt.Errorf("is longer than %d bytes", bytesMax)
	}
	parsed, issues := environment.Parse(text)
	if issues.Err() != nil {
		return nil, celFault(issues)
	}
	if err := exactLiterals(parsed.NativeRep()); err != nil {
		return nil, err
	}
	checked, issues := environment.Check(parsed)
	if issues.Err() != nil {
		return nil, celFault(issues)
	}
	if checked.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("is not true or false, but %s", checked.OutputType())
	}
	cost, err := environment.EstimateCost(checked, sizes{})
	if err != nil || cost.Max > costMax {
		return nil, fmt.Errorf("costs too much for a million rows: at most %d, not %d by CEL's estimate", costMax,
			cost.Max)
	}
	p := &Predicate{}
	if err := p.read(checked.NativeRep()); err != nil {
		return nil, err
	}
	p.program, err = environment.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costMax))
	if err != nil {
		return nil, fmt.Errorf("cannot be run: %w", err)
	}
	return p, nil
}

// celFault is the first fault that CEL reports, with its column.
func celFault(issues *cel.Issues) error {
	first := issues.Errors()[0]
	message, _, _ := strings.Cut(first.Message, "\n")
	message, _, _ = strings.Cut(message, " expecting {") // every token of the grammar
	return fmt.Errorf("is no CEL over a row: %s (column %d)", message, first.Location.Column()+1)
}

// exactLiterals turns every decimal literal into an exact decimal, and every comparison round that has a literal on its
// left, so that it is always the field of the row that does the comparing. What a field is to equal becomes dyn,
// since CEL knows no equality of a decimal and a whole number; readCall holds it to its type afterwards.
func exactLiterals(tree *ast.AST) error {
	var fault error
	factory, id := ast.NewExprFactory(), highestID(tree)
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.LiteralKind:
			number, isDouble := e.AsLiteral().(types.Double)
			if !isDouble {
				return
			}
			text := strconv.FormatFloat(float64(number), 'f', -1, 64)
			if digits := strings.Trim(strings.Replace(text, ".", "", 1), "-0"); len(digits) > literalDigitsMax ||
				len(text) > 2*literalDigitsMax {
				fault = fmt.Errorf("holds a number of more than %d digits", literalDigitsMax)
			}
			id++
			e.SetKindCase(factory.NewCall(e.ID(), "decimal", factory.NewLiteral(id, types.String(text))))
		case ast.CallKind:
			operator, args := e.AsCall().FunctionName(), e.AsCall().Args()
			turned, compares := turnedRound[operator]
			if !compares {
				return
			}
			if isLiteral(args[0]) && !isLiteral(args[1]) {
				operator, args = turned, []ast.Expr{args[1], args[0]}
			}
			if isEquality(operator) && args[1].Kind() == ast.LiteralKind {
				id++
				args = []ast.Expr{args[0], factory.NewCall(id, "dyn", args[1])}
			}
			e.SetKindCase(factory.NewCall(e.ID(), operator, args...))
		}
	}))
	return fault
}

func isLiteral(e ast.Expr) bool {
	return e.Kind() == ast.LiteralKind || e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "decimal"
}

func highestID(tree *ast.AST) int64 {
	highest := int64(0)
	for id := range tree.IDs() {
		highest = max(highest, id)
	}
	return highest
}

// read lists the fields that the predicate reads, and holds it to what can be known before a row is seen: metadata by
// constant names only, and texts that are compared with amounts and days must be such.
func (p *Predicate) read(tree *ast.AST) error {
	var fault error
	named := map[int64]bool{} // uses of metadata that say which name
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			if operand := e.AsSelect().Operand(); isMetadata(operand) {
				named[operand.ID()] = true
				p.reads(recon.MetadataPrefix + e.AsSelect().FieldName())
			}
		case ast.CallKind:
			p.readCall(tree, e.AsCall(), named, &fault)
		case ast.IdentKind:
			if isMetadata(e) && !named[e.ID()] {
				fault = fmt.Errorf(`reads metadata as a whole: name what is read, as metadata.iban or metadata["value date"]`)
			}
			p.readIdent(e.AsIdent())
		}
	}))
	slices.Sort(p.Fields)
	return fault
}

func isMetadata(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == "metadata" }

func (p *Predicate) readIdent(name string) {
	switch {
	case strings.HasPrefix(name, "original."):
		p.reads("original")
	case slices.Contains(recon.TextFields, name):
		p.reads(name)
	}
}

func (p *Predicate) reads(field string) {
	if !slices.Contains(p.Fields, field) {
		p.Fields = append(p.Fields, field)
	}
}

func (p *Predicate) readCall(tree *ast.AST, call ast.CallExpr, named map[int64]bool, fault *error) {
	args := call.Args()
	var metadata, key ast.Expr
	switch call.FunctionName() {
	case operators.Index:
		metadata, key = args[0], args[1]
	case operators.In:
		key, metadata = args[0], args[1]
	}
	if metadata != nil && isMetadata(metadata) && key.Kind() == ast.LiteralKind {
		if name, isText := key.AsLiteral().(types.String); isText {
			named[metadata.ID()] = true
			p.reads(recon.MetadataPrefix + string(name))
		}
		return
	}
	if _, compares := turnedRound[call.FunctionName()]; !compares {
		return
	}
	right := args[1]
	if right.Kind() == ast.CallKind && right.AsCall().FunctionName() == "dyn" {
		right = right.AsCall().Args()[0]
	}
	if right.Kind() != ast.LiteralKind {
		return
	}
	if err := fitsLiteral(tree.GetType(args[0].ID()), right.AsLiteral()); err != nil {
		*fault = err
	}
}

// fitsLiteral reports whether a value of a type may equal, precede or follow a literal.
func fitsLiteral(kind *types.Type, literal ref.Val) error {
	text, isText := literal.(types.String)
	switch {
	case kind.IsExactType(dayType) && isText:
		_, err := recon.ParseDay(string(text))
		return err
	case kind.IsExactType(decimalType):
		if _, ok := exact(literal); !ok {
			return fmt.Errorf("compares an amount with %v, which is no decimal", literal.Value())
		}
	case kind != cel.DynType && kind.TypeName() != literal.Type().TypeName():
		return fmt.Errorf("compares a %s with %v", kind, literal.Value())
	}
	return nil
}

// Holds reports whether a row satisfies the predicate. A failure, such as a metadata name that the row lacks, is false.
func (p *Predicate) Holds(row *Row) bool {
	value, _, err := p.program.Eval(row)
	return err == nil && value == types.True
}
