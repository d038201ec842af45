/** Begins the pages in the browser: styles first, then everything else. */
import "@mantine/core/styles.css"
import "@mantine/notifications/styles.css"
import "@mantine/spotlight/styles.css"
import "./shell/shell.css"
import { createRoot } from "react-dom/client"
import { App } from "./App.tsx"

createRoot(document.querySelector("#root")!).render(<App />)
