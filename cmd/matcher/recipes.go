package main

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/tools/txtar"

	"matcher/internal/recon"
)

const recipesHelp = `List the recipes, or show one: how both files are read, the rules, and two small files to try it with.

A recipe is a setup for two files that name each other, such as a payout and the lines that it was made of. --recipe NAME of
` + "`matcher match`" + ` uses it; --out writes its setup and files to a folder, to be tried and edited.`

//go:embed recipes/*.txtar
var recipeFiles embed.FS

const recipeSetup = "setup.yaml"

// recipe is a setup with its files. Its text describes both sides.
type recipe struct {
	name, title, text string
	right             string // the known export of the right side, "" where its columns are found
	files             []txtar.File
}

func readRecipe(path string) recipe {
	data, err := recipeFiles.ReadFile(path)
	if err != nil {
		panic(err)
	}
	archive := txtar.Parse(data)
	text, right, _ := strings.Cut(string(archive.Comment), "\nright: ")
	title, text, _ := strings.Cut(text, "\n\n")
	name := strings.TrimSuffix(filepath.Base(path), ".txtar")
	return recipe{name, title, strings.TrimSpace(text), strings.TrimSpace(right), archive.Files}
}

func recipes() []recipe {
	paths, err := fs.Glob(recipeFiles, "recipes/*.txtar")
	if err != nil {
		panic(err)
	}
	list := make([]recipe, len(paths))
	for i, path := range paths {
		list[i] = readRecipe(path)
	}
	return list
}

// recipeNamed returns the recipe of a name.
func recipeNamed(name string) (*recipe, error) {
	var names []string
	for _, r := range recipes() {
		if names = append(names, r.name); r.name == name {
			return &r, nil
		}
	}
	if near := recon.Suggest(name, names); near != "" {
		return nil, usageError("there is no recipe %q: did you mean %q?", name, near)
	}
	return nil, usageError("there is no recipe %q: there are %s", name, strings.Join(names, ", "))
}

// setup is the text of the recipe's setup.
func (r *recipe) setup() []byte {
	for _, f := range r.files {
		if f.Name == recipeSetup {
			return f.Data
		}
	}
	panic("the recipe " + r.name + " has no setup")
}

func newRecipesCommand(o outside) *cobra.Command {
	var out string
	command := &cobra.Command{
		Use: "recipes [NAME]", Short: "List setups for files that name each other, as payouts and their lines",
		Long: recipesHelp,
		Example: "  matcher recipes\n  matcher recipes stripe-payouts --out try\n" +
			"  matcher match --recipe stripe-payouts try/ledger.csv try/payout_reconciliation.csv",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				for _, r := range recipes() {
					fmt.Fprintf(o.stdout, "%-20s  %s\n", r.name, r.title)
				}
				return nil
			}
			r, err := recipeNamed(args[0])
			if err != nil {
				return err
			}
			if out != "" {
				return r.write(out, o.stdout)
			}
			_, err = fmt.Fprintf(o.stdout, "# %s\n#\n# %s\n%s", r.title, strings.ReplaceAll(r.text, "\n", "\n# "),
				r.setup())
			return err
		},
	}
	command.Flags().StringVar(&out, "out", "", "write the setup and the files to try it with to a `DIR`")
	return command
}

// write writes the files of a recipe to a folder.
func (r *recipe) write(folder string, stdout io.Writer) error {
	if err := makeFolder(folder); err != nil {
		return err
	}
	var inputs []string
	for _, f := range r.files {
		path := filepath.Join(folder, f.Name)
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return writeError(path, err)
		}
		if f.Name != recipeSetup {
			inputs = append(inputs, path)
		}
	}
	_, err := fmt.Fprintf(stdout, "Next   matcher match --recipe %s %s\n", r.name, strings.Join(inputs, " "))
	return err
}
