package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"matcher/internal/recon"
	"matcher/internal/shared/infrastructure/tenant/adapters"
)

// Setting is a runtime setting as it may be shown.
type Setting struct {
	Key         string     `json:"key"`
	Description string     `json:"description"`
	Type        string     `json:"type"`
	Variable    string     `json:"variable" doc:"The environment variable of the value that a process starts with"`
	Value       any        `json:"value" doc:"In force on this instance; null for a secret"`
	Default     any        `json:"default"`
	Source      string     `json:"source" enum:"default,environment,stored"`
	Secret      bool       `json:"secret"`
	IsSet       bool       `json:"isSet" doc:"Whether the value is other than empty, for a secret too"`
	BootOnly    bool       `json:"bootOnly" doc:"Read from the environment when a process starts; a PUT answers 409"`
	Version     int        `json:"version" doc:"1 until a value is stored; send it as If-Match"`
	ChangedAt   *time.Time `json:"changedAt,omitempty"`
	ChangedBy   string     `json:"changedBy,omitempty"`
	Fault       string     `json:"fault,omitempty" doc:"Why the stored value is not in force: the last good one is"`
}

func (a *API) listSettings(context.Context, *struct{}) (list[Setting], error) {
	return listOf(a.Settings(), ""), nil
}

type settingKey struct {
	Key string `path:"" maxLength:"200"`
}

func (a *API) getSetting(_ context.Context, in *settingKey) (Setting, error) {
	for _, setting := range a.Settings() {
		if setting.Key == in.Key {
			return setting, nil
		}
	}
	return Setting{}, recon.NotFound("setting")
}

// NewSetting is a value that a setting is to have. Secret belongs to a new address of the tenant manager.
type NewSetting struct {
	Value   json.RawMessage
	Secret  string
	Version int // 0 is any
}

type putSettingInput struct {
	settingKey
	matched
	Body struct {
		Value  any    `json:"value" doc:"Of the setting's type; null resets it to the value of the environment"`
		Secret string `json:"secret,omitempty" maxLength:"2000" doc:"The tenant manager's key, with a new address of it"`
	}
}

func (a *API) putSetting(ctx context.Context, in *putSettingInput) (setting Setting, err error) {
	text, err := json.Marshal(in.Body.Value)
	if err != nil {
		return setting, err
	}
	setting, err = a.PutSetting(ctx, in.Key, NewSetting{text, in.Body.Secret, in.version})
	if err == nil {
		a.Log.InfoContext(ctx, "a setting was changed", "key", setting.Key, "version", setting.Version, "by",
			setting.ChangedBy)
	}
	return setting, err
}

type settingHistoryInput struct {
	settingKey
	Limit  int `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many changes at most"`
	Before int `query:"before" minimum:"0" doc:"Only changes to versions below this one"`
}

func (a *API) listSettingHistory(
	ctx context.Context, in *settingHistoryInput,
) (out list[adapters.SettingChange], err error) {
	if _, err := a.getSetting(ctx, &in.settingKey); err != nil {
		return out, err
	}
	changes, err := a.SettingHistory(ctx, in.Key, in.Before, in.Limit)
	return listOf(changes, ""), err
}
