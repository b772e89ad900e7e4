package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"matcher/internal/matching"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

type createRunInput struct {
	pathID
	keyed
	Body struct {
		Mode string `json:"mode,omitempty" enum:"COMMIT,DRY_RUN" default:"COMMIT" doc:"DRY_RUN stores a preview that holds no rows"`
		From string `json:"from,omitempty" doc:"First booking date of the period, YYYY-MM-DD"`
		To   string `json:"to,omitempty" doc:"Last booking date of the period, YYYY-MM-DD"`
		AsOf string `json:"asOf,omitempty" doc:"The day on which the books are looked at; default the latest date in the data"`
	}
}

// createRun queues a run: it is answered at once, and the work is a job.
func createRun(ctx context.Context, tx *postgres.Tx, in *createRunInput) (run recon.Run, err error) {
	run.ContextID, run.Mode = in.ID, recon.RunMode(cmp.Or(in.Body.Mode, string(recon.RunCommit)))
	if run.From, run.To, err = period("/from", in.Body.From, "/to", in.Body.To); err != nil {
		return run, err
	}
	if run.AsOf, err = optionalDay("/asOf", in.Body.AsOf); err != nil {
		return run, err
	}
	return tx.CreateRun(ctx, run)
}

// Progress is sent every half second: a run of one second shows progress, one of an hour costs 7,200 small reads.
const (
	progressEvery    = 500 * time.Millisecond
	progressPerWrite = 30 * time.Second
)

// runProgress streams the run as server-sent events: "progress" while it works, "done" with the whole run at its end.
func (a *API) runProgress(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	run, err := a.readRun(ctx, r.PathValue("runId"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	stream := http.NewResponseController(w)
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		if err := sendProgress(w, stream, run); err != nil || run.Status.Final() {
			return nil // the caller is gone, and a stream that began cannot turn into a problem
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.draining:
			return nil
		case <-ticker.C:
		}
		if run, err = a.readRun(ctx, run.ID); err != nil {
			a.Log.WarnContext(ctx, "progress stream ended", "error", err)
			return nil
		}
	}
}

func (a *API) readRun(ctx context.Context, id string) (run recon.Run, err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		run, err = tx.Run(ctx, id)
		return err
	})
	return run, err
}

func sendProgress(w http.ResponseWriter, stream *http.ResponseController, run recon.Run) error {
	name := "progress"
	if run.Status.Final() {
		name = "done"
	}
	data, err := json.Marshal(run)
	if err != nil {
		return err
	}
	_ = stream.SetWriteDeadline(time.Now().Add(progressPerWrite))
	if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, data); err != nil {
		return err
	}
	return stream.Flush()
}

func describeProgress(_ *document, op *huma.Operation) {
	op.Parameters = []*huma.Param{pathParameter("runId")}
	op.Responses["200"] = &huma.Response{
		Description: `Server-sent events: "progress" every half second, "done" at the end; the data of each is the run`,
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
	}
}

// maxReplays bounds the replays of an instance at once: each holds the rows of its run in memory.
const maxReplays = 4

// retryReplay is about what the replay of an ordinary run takes.
const retryReplay = 5 * time.Second

// replayRun computes while the caller waits, so that an instance does one at a time.
func (a *API) replayRun(ctx context.Context, in *keyedID) (recon.Replay, error) {
	giveBack, err := a.replays.take(ctx, 1)
	if err != nil {
		return recon.Replay{}, err
	}
	defer giveBack()
	return matching.Replay(ctx, a.DB, in.ID)
}
