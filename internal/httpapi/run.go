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
	ContextPath
	Keyed
	Body struct {
		Mode string `json:"mode,omitempty" enum:"COMMIT,DRY_RUN" default:"COMMIT" doc:"DRY_RUN stores a preview that holds no rows"`
		From string `json:"from,omitempty" doc:"First booking date of the period, YYYY-MM-DD"`
		To   string `json:"to,omitempty" doc:"Last booking date of the period, YYYY-MM-DD"`
		AsOf string `json:"asOf,omitempty" doc:"The day on which the books are looked at; default the latest date in the data"`
	} `required:"false"`
}

// createRun queues a run: it is answered at once, and the work is a job.
func (a *API) createRun(ctx context.Context, tx *postgres.Tx, in *createRunInput) (*reply[recon.Run], error) {
	from, to, err := period("/from", in.Body.From, "/to", in.Body.To)
	if err != nil {
		return nil, err
	}
	asOf, err := optionalDay("/asOf", in.Body.AsOf)
	if err != nil {
		return nil, err
	}
	mode := recon.RunMode(cmp.Or(in.Body.Mode, string(recon.RunCommit)))
	run, err := tx.CreateRun(ctx, recon.Run{ContextID: in.ContextID, Mode: mode, From: from, To: to, AsOf: asOf})
	return &reply[recon.Run]{Location: "/v1/runs/" + run.ID, Body: run}, err
}

type cancelRunInput struct {
	RunPath
	Keyed
}

func (a *API) cancelRun(ctx context.Context, tx *postgres.Tx, in *cancelRunInput) (*reply[recon.Run], error) {
	run, err := tx.CancelRun(ctx, in.RunID)
	return &reply[recon.Run]{Body: run}, err
}

// RunPath names the run that a path is about.
type RunPath struct {
	RunID string `path:"runId"`
}

func (a *API) getRun(ctx context.Context, in *RunPath) (out *one[recon.Run], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		run, err := tx.Run(ctx, in.RunID)
		out = &one[recon.Run]{Body: run}
		return err
	})
	return out, err
}

type runsInput struct {
	ContextPath
	Paged
}

func (a *API) listRuns(ctx context.Context, in *runsInput) (out *list[recon.Run], err error) {
	err = a.DB.Read(ctx, func(tx *postgres.Tx) error {
		items, next, err := tx.Runs(ctx, in.ContextID, in.page())
		out = listOf(items, next)
		return err
	})
	return out, err
}

// Progress is told every half second: a run of a second is seen to move, one of an hour costs 7,200 small reads.
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
		if err := tell(w, stream, run); err != nil || run.Status.Final() {
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

func tell(w http.ResponseWriter, stream *http.ResponseController, run recon.Run) error {
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

func describeProgress(h huma.API, op *huma.Operation) {
	op.Parameters = []*huma.Param{pathID("runId")}
	op.Responses["200"] = &huma.Response{
		Description: `Server-sent events: "progress" every half second, "done" at the end; the data of each is the run`,
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
	}
	describeProblems(h, op)
}

type replayRunInput struct {
	RunPath
	Keyed
}

// retryReplay is about what the replay of an ordinary run takes.
const retryReplay = 5 * time.Second

// replayRun computes while the caller waits, so that an instance does one at a time.
func (a *API) replayRun(ctx context.Context, in *replayRunInput) (*one[recon.Replay], error) {
	if !a.replaying.TryLock() {
		return nil, recon.Unavailable("REPLAY_BUSY", retryReplay, "another run is being replayed here")
	}
	defer a.replaying.Unlock()
	told, err := matching.Replay(ctx, a.DB, in.RunID)
	return &one[recon.Replay]{Body: told}, err
}
