/** Node-RED's settings for the demo; `npm start` sets the variables. */
module.exports = {
  flowFile: "flows.json",
  uiHost: process.env.HOST,
  uiPort: Number(process.env.PORT),
  // Whoever reaches the port is let in, so it is bound to this machine unless HOST says otherwise.
  adminAuth: null,
  credentialSecret: process.env.VCON_CREDENTIAL_SECRET,
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false, projects: { enabled: false }, page: { title: "vCon demo" } },
  logging: { console: { level: "info", metrics: false, audit: false } },
};
