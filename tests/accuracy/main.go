// Command accuracy reconciles every example with the built command and prints how its confirmed groups compare with the
// example's truth. A figure under the bar fails.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"matcher/examples"
)

// leastShare is the bar of precision and of recall.
const leastShare = 0.99

func main() {
	if err := run("examples", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
}

// errUnder is the gate's own failure: the table names the example.
var errUnder = errors.New("an example is under the bar")

func run(root string, out io.Writer) error {
	setups, err := filepath.Glob(filepath.Join(root, "*", "recon.yaml"))
	if err != nil {
		return err
	}
	if len(setups) == 0 {
		return fmt.Errorf("no example is under %s", root)
	}
	folder, err := os.MkdirTemp("", "matcher-accuracy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	binary := filepath.Join(folder, "matcher")
	if text, err := exec.Command("go", "build", "-o", binary, "matcher/cmd/matcher").CombinedOutput(); err != nil {
		return fmt.Errorf("building the command: %w: %s", err, text)
	}
	var failed error
	fmt.Fprintf(out, "%-20s %9s %9s %10s %8s   bar %.2f each\n", "EXAMPLE", "CONFIRMED", "TRUE", "PRECISION", "RECALL", leastShare)
	for _, setup := range setups {
		score, err := reconcile(binary, filepath.Dir(setup), folder)
		if err != nil {
			return err
		}
		failed = errors.Join(failed, show(out, filepath.Base(filepath.Dir(setup)), &score))
	}
	return errors.Join(failed, months(binary, folder, out))
}

func reconcile(binary, example, folder string) (score examples.Score, err error) {
	out := filepath.Join(folder, filepath.Base(example))
	in := func(name string) string { return filepath.Join(example, name) }
	command := exec.Command(binary, "match", in("left.csv"), in("right.csv"), "--setup", in("recon.yaml"), "--out", out, "--json")
	if text, err := command.CombinedOutput(); err != nil {
		return score, fmt.Errorf("%s: %w: %s", example, err, text)
	}
	truth, err := os.Open(in("truth.csv"))
	if err != nil {
		return score, err
	}
	defer truth.Close()
	groups, err := os.Open(filepath.Join(out, "groups.csv"))
	if err != nil {
		return score, err
	}
	defer groups.Close()
	return examples.Judge(truth, groups)
}

// show prints the line of an example, with what is wrong or missing below it.
func show(out io.Writer, name string, score *examples.Score) error {
	verdict, err := "pass", error(nil)
	if score.Precision() < leastShare || score.Recall() < leastShare {
		verdict, err = "FAIL", fmt.Errorf("%s: %w", name, errUnder)
	}
	fmt.Fprintf(out, "%-20s %9d %9d %10.4f %8.4f   %s\n", name, score.Confirmed, score.True, score.Precision(), score.Recall(), verdict)
	for _, group := range score.Wrong {
		fmt.Fprintf(out, "  confirmed, not true: %s\n", group)
	}
	for _, group := range score.Missed {
		fmt.Fprintf(out, "  true, not confirmed: %s\n", group)
	}
	return err
}
