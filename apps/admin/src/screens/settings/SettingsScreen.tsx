/** How the hub is set, how it finds itself, and what it is made of. */
import { Page } from "../../elements/Page.tsx"
import { settingsTabs } from "../../elements/tabLabels.ts"
import { UrlTabs } from "../../elements/UrlTabs.tsx"
import { AboutTab } from "./AboutTab.tsx"
import { DoctorTab } from "./DoctorTab.tsx"
import { RunningTab } from "./RunningTab.tsx"
import { SettingsTab } from "./SettingsTab.tsx"

const tabs = { settings: SettingsTab, running: RunningTab, doctor: DoctorTab, about: AboutTab }

export const SettingsScreen = () => (
  <Page
    title="Settings"
    description="How the hub runs. What a file or the environment says stands there; the rest can be changed here, at once."
  >
    <UrlTabs labels={settingsTabs} tabs={tabs} given={{}} />
  </Page>
)
