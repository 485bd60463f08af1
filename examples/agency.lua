-- A small agency for the examples to play on: what `sandbox.start` is told. Names and addresses are made up.
return {
  seed = 1,
  start_time = 1767225600, -- 2026-01-01, so that the dates printed are always the same
  sites = {
    { id = "566bf9d7-c55a-45f8-91a6-e55e9b9b1325", name = "Bäckerei Müller", published = true },
    { id = "5d96cf7f-265b-4da9-8f0c-26ef4243ed52", name = "Café Crème Genève", published = true },
    { id = "5e6a0a2e-dd70-434d-81d7-7cffb7decc0c", name = "Taller Ñandú" },
    { id = "9823beb1-e6ba-4ad7-8de4-5321ad915a36", name = "Smørrebrød & Co", published = true },
    { id = "1ff13534-2e82-4ce1-958d-003d9a0b2361", name = "Harbour Street Dental", published = true },
  },
  owner = { email = "owner@agency.example.com", name = { first_name = "Olivia", last_name = "Owner" } },
  members = {
    { email = "grete.lindqvist@agency.example.com", name = { first_name = "Grete", last_name = "Lindqvist" } },
    { email = "tomas.novak@agency.example.com", name = { first_name = "Tomáš", last_name = "Novák" },
      roles = { "Website Manager" }, site_id = "566bf9d7-c55a-45f8-91a6-e55e9b9b1325" },
    { email = "aoife.byrne@agency.example.com", name = { first_name = "Aoife", last_name = "Byrne" },
      roles = { "Website Designer" }, site_id = "5e6a0a2e-dd70-434d-81d7-7cffb7decc0c" },
    { email = "gone.away@agency.example.com", name = { first_name = "Gone", last_name = "Away" },
      roles = { "Website Designer" }, site_id = "1ff13534-2e82-4ce1-958d-003d9a0b2361" },
  },
}
