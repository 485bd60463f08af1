---@meta
-- Types of everything that is called and answered, for editors: LuaLS finds them where the folder that holds wixum/ is in
-- its setting workspace.library. Made by `make docs` from the declarations (wixum/operations) and the option table: what is
-- written here by hand is lost. No program loads it.
-- luacheck: ignore

--- Options of wixum.client, of `with` and of a call.
---@class (exact) wixum.WithOptions
--- GUID of the site that site calls act on
---@field site_id? string
--- GUID of the account that account calls act on
---@field account_id? string
--- seconds to connect; default 10
---@field connect_timeout? number
--- seconds for one attempt; default 60
---@field timeout? number
--- seconds for the whole call: attempts, waits, pacing; default 600
---@field deadline? number
--- further attempts, where saying it again does no harm; default 4
---@field retries? integer
--- longest single wait in seconds; a longer one is returned as an error; default 120
---@field max_wait? number
--- most addresses in one bulk_invite; the service's own limit is not documented; default 50
---@field max_emails? integer
--- further headers by name (never Authorization, wix-*, Content-*)
---@field headers? table<string, string>
--- in place of wixum/VERSION libcurl/VERSION
---@field user_agent? string
--- function(event): start, answer, retry, wait, end
---@field on_event? function
--- answer the request that would go out, and send nothing
---@field dry_run? boolean

--- Options of wixum.client.
---@class (exact) wixum.ClientOptions: wixum.WithOptions
--- account-level API key, or a function that returns it at first use
---@field api_key? string|function
--- where the service is; default https://www.wixapis.com
---@field base_url? string
--- pace over a client and all made from it; false is none
---@field rate? false|{ calls: integer, per: number }
--- most calls in flight; default 16
---@field concurrency? integer
--- proxy URL, for https alone; loopback never goes through one
---@field proxy? string
--- file of trusted certificates (PEM)
---@field ca_file? string
--- folder of trusted certificates, hashed
---@field ca_path? string
--- "1.1"; or "2", one request at a time on a connection; default 1.1
---@field http_version? "1.1"|"2"
--- largest answer in bytes, unpacked; default 16777216
---@field max_answer? integer
--- function(request) -> response in place of the network
---@field transport? function
--- { now, sleep, random, time } in place of the real ones, for tests
---@field clock? { now: function, sleep: function, random: function, time: function }

--- Options of one call, its second argument.
---@class (exact) wixum.CallOptions: wixum.WithOptions
--- function(info), before each attempt's first byte; raising there sends nothing
---@field before_send? function

--- What a call tells besides its answer.
---@class wixum.CallInfo
---@field status? integer of the HTTP answer
---@field request_id? string what Wix support asks for
---@field attempts integer requests that were made
---@field seconds number from the call to its end
---@field date? integer when the service says that it answered (its Date header), seconds since the epoch

---@class (exact) wixum.BulkInviteArguments
--- role ids, the same for everybody in this call [id, required, not empty, no item twice]
---@field policy_ids string[]
--- addresses to invite; how many a call may carry is not documented, so the option max_emails says it [address, required, not empty, no item twice]
---@field emails string[]
--- why, in your words; its longest length is not documented
---@field invite_purpose? string
--- language of the mail for people without a Wix user, e.g. "en"; else the site owner's [not empty]
---@field default_email_language? string

---@alias wixum.SiteInvite.status
---| "Pending"
---| "Used"
---| "Deleted"
---| "Declined"
---| "Expired"
---| string # the service may add words

--- One invite to one site, as the service keeps it.
---@class wixum.SiteInvite
--- invite id: keep it, no call lists a site's invites [GUID]
---@field id? string
--- the site [GUID]
---@field site_id? string
--- where the mail went [address]
---@field email? string
--- roles that acceptance brings [id]
---@field policy_ids string[]
--- Used is accepted, Deleted is revoked
---@field status? wixum.SiteInvite.status
--- whoever opens it can accept: masked when printed [secret]
---@field accept_link? string
--- the account that invited [GUID]
---@field inviter_account_id? string
--- deprecated by the service: inviter_account_id
---@field inviter_id? string
--- once accepted [GUID]
---@field accepted_by_account_id? string
--- RFC 3339 [date]
---@field date_created? string
--- RFC 3339; 30 days after the mail in Wix's dashboard [date]
---@field expiration_date? string
--- Wix Bookings staff, if any [GUID]
---@field staff_id? string
--- locations, if any [GUID]
---@field location_ids string[]
--- what this caller may do with it
---@field caller_capabilities string[]

---@class wixum.BulkInviteAnswer
--- invites made and mailed
---@field invites wixum.SiteInvite[]
--- addresses that got no invite; the service gives no reason
---@field failed_emails string[]

---@class (exact) wixum.ResendInviteArguments
--- id of the invite, from bulk_invite [GUID, required]
---@field invite_id string
--- language of the mail for people without a Wix user, e.g. "en"; else the site owner's [not empty]
---@field default_email_language? string

---@class wixum.ResendInviteAnswer
--- the invite as it is now: keep it, whether id, link and expiry stay the same is not documented
---@field invite? wixum.SiteInvite

---@class (exact) wixum.RevokeInviteArguments
--- id of the invite, from bulk_invite [GUID, required]
---@field invite_id string

---@class wixum.RevokeInviteAnswer

--- Invite customers to one site each, resend and revoke.
---@class wixum.site_invites
local site_invites = {}

--- Invites every address to the site and mails each of them.
---
--- ```lua
--- local sent, err = wixum.site_invites.bulk_invite{
---   policy_ids = { "6732588207941061632" },
---   emails = { "ann@example.com", "bob@example.com" },
---   invite_purpose = "Your new site is ready",
---   default_email_language = "en",
--- }
--- ```
---@param arguments wixum.BulkInviteArguments
---@param options? wixum.CallOptions
---@return wixum.BulkInviteAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function site_invites.bulk_invite(arguments, options) end

--- Mails a pending invite once more.
---
--- ```lua
--- local sent, err = wixum.site_invites.resend_invite{ invite_id = "5f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11" }
--- ```
---@param arguments wixum.ResendInviteArguments
---@param options? wixum.CallOptions
---@return wixum.ResendInviteAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function site_invites.resend_invite(arguments, options) end

--- Revokes a pending invite: its link no longer works.
---
--- ```lua
--- local done, err = wixum.site_invites.revoke_invite{ invite_id = "5f3c9c5e-8d0a-4a57-9f5e-0d6f6b1c2a11" }
--- ```
---@param arguments wixum.RevokeInviteArguments
---@param options? wixum.CallOptions
---@return wixum.RevokeInviteAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function site_invites.revoke_invite(arguments, options) end

--- One site of the account.
---@class wixum.arguments.SiteContext
--- the site's id [GUID, required]
---@field metasite_id string

--- An account as a whole.
---@class wixum.arguments.AccountContext
--- the account's id [GUID, required]
---@field account_id string

--- What a role is given on: a site or an account. Exactly one of its fields is given.
---@class wixum.arguments.FullNameResource
--- one site
---@field site_context? wixum.arguments.SiteContext
--- a whole account
---@field account_context? wixum.arguments.AccountContext

--- One thing that a role is given on.
---@class wixum.arguments.InviteResource
--- the thing [required]
---@field full_name_resource wixum.arguments.FullNameResource

--- A role, and what it is given on.
---@class wixum.arguments.InviteAssignment
--- role id, see users.get_roles_info [id, required]
---@field policy_id string
--- where; left out it is everything in the account, so an empty list is refused [not empty]
---@field assignments? wixum.arguments.InviteResource[]

--- One invitee and what acceptance brings.
---@class wixum.arguments.SubjectAssignments
--- whom to invite [address, required]
---@field subject_email string
--- roles [required, not empty]
---@field assignments wixum.arguments.InviteAssignment[]

---@class (exact) wixum.CreateInviteArguments
--- who gets which roles; wixum.assignments.invitee makes one in a line [required, not empty, no subject_email twice, at most 50]
---@field subjects_assignments wixum.arguments.SubjectAssignments[]
--- language of the mail for people without a Wix user, e.g. "en"; else the account owner's [not empty]
---@field default_email_language? string

---@alias wixum.AccountInvite.status
---| "Pending"
---| "Used"
---| "Deleted"
---| "Declined"
---| "Expired"
---| string # the service may add words

--- One site of the account.
---@class wixum.SiteContext
--- the site's id [GUID]
---@field metasite_id? string

--- An account as a whole.
---@class wixum.AccountContext
--- the account's id [GUID]
---@field account_id? string

--- What a role is given on: a site or an account.
---@class wixum.FullNameResource
--- one site
---@field site_context? wixum.SiteContext
--- a whole account
---@field account_context? wixum.AccountContext

--- One thing that a role is given on.
---@class wixum.InviteResource
--- the thing
---@field full_name_resource? wixum.FullNameResource

--- A role, and what it is given on.
---@class wixum.InviteAssignment
--- role id, see users.get_roles_info [id]
---@field policy_id? string
--- where; left out it is everything in the account, so an empty list is refused
---@field assignments wixum.InviteResource[]

--- One invite to the account, as the service keeps it.
---@class wixum.AccountInvite
--- invite id; users.search_team lists it [GUID]
---@field id? string
--- the account [GUID]
---@field account_id? string
--- where the mail went [address]
---@field email? string
--- roles that acceptance brings [id]
---@field policy_ids string[]
--- Used is accepted, Deleted is revoked
---@field status? wixum.AccountInvite.status
--- whoever opens it can accept: masked when printed [secret]
---@field accept_link? string
--- the account that invited [GUID]
---@field inviter_account_id? string
--- deprecated by the service: inviter_account_id
---@field inviter_id? string
--- once accepted [GUID]
---@field accepted_by_account_id? string
--- RFC 3339 [date]
---@field date_created? string
--- RFC 3339 [date]
---@field date_updated? string
--- RFC 3339 [date]
---@field expiration_date? string
--- roles and what they are given on
---@field assignments wixum.InviteAssignment[]
--- deprecated by the service: policy_ids
---@field role? string

--- An invitee who was not invited.
---@class wixum.FailedInvite
--- whom [address]
---@field subject_email? string
--- why, in the service's words
---@field error_message? string

---@class wixum.CreateInviteAnswer
--- invites made and mailed
---@field successful_invites wixum.AccountInvite[]
--- who was not invited, and why
---@field failed_invites wixum.FailedInvite[]

--- Invite employees to the account.
---@class wixum.account_invites
local account_invites = {}

--- Invites every person to the account's team and mails each of them.
---
--- ```lua
--- local sent, err = wixum.account_invites.create_invite{
---   subjects_assignments = {
---     { subject_email = "ann@example.com", assignments = { { policy_id = "6642345101181663232" } } },
---     { subject_email = "bob@example.com", assignments = { {
---       policy_id = "6732588207941061632",
---       assignments = { { full_name_resource = { site_context = { metasite_id = "a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10" } } } },
---     } } },
---   },
---   default_email_language = "en",
--- }
--- ```
---@param arguments wixum.CreateInviteArguments
---@param options? wixum.CallOptions
---@return wixum.CreateInviteAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function account_invites.create_invite(arguments, options) end

---@alias wixum.arguments.TeamOrder.field_name
---| "Name"
---| "JoinedAt"

---@alias wixum.arguments.TeamOrder.direction
---| "ASC"
---| "DESC"

--- What a search is ordered by.
---@class wixum.arguments.TeamOrder
--- by what [required]
---@field field_name wixum.arguments.TeamOrder.field_name
--- which way; ASC is not documented to be the default
---@field direction? wixum.arguments.TeamOrder.direction

---@alias wixum.SearchTeamArguments.facets
---| "Roles"
---| "InviteStatus"
---| "Users"

--- Which part of the result.
---@class wixum.arguments.Paging
--- how many; default and most are not documented [1 to 2147483647]
---@field limit? integer
--- how many are skipped [0 to 2147483647]
---@field offset? integer

---@class (exact) wixum.SearchTeamArguments
--- words of a name or an address
---@field query? string
--- order
---@field order_by? wixum.arguments.TeamOrder[]
--- free-form, e.g. { inviteType = { ["$eq"] = "Expired" } }; also by roleId
---@field filter? any
--- counts to come along [no item twice]
---@field facets? wixum.SearchTeamArguments.facets[]
--- which part; users.each_member reads all
---@field paging? wixum.arguments.Paging

---@alias wixum.Facet.facet_type
---| "Roles"
---| "InviteStatus"
---| "Users"
---| string # the service may add words

--- One value and how often it is there.
---@class wixum.FacetValue
--- the value
---@field value? string
--- how often
---@field count? integer

--- How the result divides.
---@class wixum.Facet
--- by what
---@field facet_type? wixum.Facet.facet_type
--- values that are there at all
---@field values wixum.FacetValue[]

--- A person's name.
---@class wixum.MemberName
--- given name
---@field first_name? string
--- family name
---@field last_name? string

--- A role that is given on one site.
---@class wixum.SiteRestriction
--- the site's id [GUID]
---@field id? string
--- the site's name
---@field value? string

---@alias wixum.AssignmentCondition.condition_type
---| "UNKNOWN_CONDITION_TYPE"
---| "FOLDER"
---| string # the service may add words

--- A condition that a site meets.
---@class wixum.AssignmentCondition
--- FOLDER: sites in a folder
---@field condition_type? wixum.AssignmentCondition.condition_type
--- id of the folder [id]
---@field id? string
--- path of the folder
---@field value? string

--- A role that is given on the sites that meet conditions.
---@class wixum.ConditionsRestriction
--- all of them are to be met
---@field conditions wixum.AssignmentCondition[]

---@alias wixum.ResourceRestriction.resource_type
---| "UNKNOWN_RESOURCE_TYPE"
---| "SITE"
---| string # the service may add words

--- Deprecated by the service: SiteRestriction.
---@class wixum.ResourceRestriction
--- SITE
---@field resource_type? wixum.ResourceRestriction.resource_type
--- the site's id [id]
---@field id? string
--- the site's name
---@field value? string

--- What a role is given on. Left out it is everything in the account.
---@class wixum.AssignmentRestrictions
--- one site
---@field site? wixum.SiteRestriction
--- sites that meet conditions
---@field conditions? wixum.ConditionsRestriction
--- deprecated by the service: site
---@field resource? wixum.ResourceRestriction

---@alias wixum.AssignmentSubject.subject_type
---| "UNKNOWN"
---| "ACCOUNT"
---| "USER"
---| "USER_GROUP"
---| "MEMBER_GROUP"
---| "VISITOR_GROUP"
---| "EXTERNAL_APP"
---| "ACCOUNT_GROUP"
---| "WIX_APP"
---| string # the service may add words

--- Who has a role.
---@class wixum.AssignmentSubject
--- who
---@field id? string
--- what kind of a subject it is
---@field subject_type? wixum.AssignmentSubject.subject_type

--- A role, who has it, and on what.
---@class wixum.Assignment
--- role id, see users.get_roles_info [id]
---@field policy_id? string
--- its id, to take it away by; absent while only invited [id]
---@field assignment_id? string
--- on what; left out it is everything in the account
---@field restrictions? wixum.AssignmentRestrictions
--- who has it
---@field subject? wixum.AssignmentSubject

--- A member of the team.
---@class wixum.User
--- user id [GUID]
---@field id? string
--- address [address]
---@field email? string
--- name
---@field name? wixum.MemberName
--- address of a picture
---@field profile_image? string
--- RFC 3339 [date]
---@field joined_team_at? string
--- roles
---@field assignments wixum.Assignment[]

---@alias wixum.TeamInvite.status
---| "Pending"
---| "Used"
---| "Deleted"
---| "Declined"
---| "Expired"
---| string # the service may add words

--- Somebody who is invited to the team.
---@class wixum.TeamInvite
--- invite id [GUID]
---@field id? string
--- where the mail went [address]
---@field email? string
--- Used is accepted, Deleted is revoked
---@field status? wixum.TeamInvite.status
--- whoever opens it can accept: masked when printed [secret]
---@field accept_link? string
--- RFC 3339 [date]
---@field date_created? string
--- RFC 3339 [date]
---@field date_updated? string
--- RFC 3339 [date]
---@field expiration_date? string
--- roles that acceptance brings
---@field assignments wixum.Assignment[]

--- A member or an invite: one of the two is there.
---@class wixum.TeamMember
--- who has joined
---@field user? wixum.User
--- who is invited
---@field invite? wixum.TeamInvite

---@class wixum.SearchTeamAnswer
--- counts that were asked for
---@field facets wixum.Facet[]
--- this part; no total is told
---@field team_members wixum.TeamMember[]

---@alias wixum.arguments.RolesFilter.role_level
---| "ALL"
---| "SITE_LEVEL"
---| "ACCOUNT_LEVEL"

---@alias wixum.arguments.RolesFilter.editor_types
---| "UNINITIALIZED"
---| "EDITORX"
---| "BLOCKS"
---| "STUDIO"

--- Which roles.
---@class wixum.arguments.RolesFilter
--- where they can be given; ALL unless said
---@field role_level? wixum.arguments.RolesFilter.role_level
--- for which editors; all unless said [not empty]
---@field editor_types? wixum.arguments.RolesFilter.editor_types[]

---@class (exact) wixum.GetRolesInfoArguments
--- language of titles, ISO 639; "en" unless said [not empty]
---@field locale? string
--- which roles
---@field filter? wixum.arguments.RolesFilter

---@alias wixum.Role.restrict_from_level
---| "NoRestriction"
---| "Site"
---| "Account"
---| string # the service may add words

--- What somebody may do.
---@class wixum.Role
--- role id: policy_id elsewhere [id]
---@field id? string
--- its name, in the locale where there is a translation
---@field title? string
--- what it allows, in words
---@field description? string
--- where it must not be given: Site, not on a site; Account, not on the whole account (our reading, not documented)
---@field restrict_from_level? wixum.Role.restrict_from_level

---@class wixum.GetRolesInfoAnswer
--- the service's own
---@field predefined_roles wixum.Role[]
--- the account's own
---@field custom_roles wixum.Role[]

---@class (exact) wixum.RemoveMemberArguments
--- user id, from search_team [GUID, required]
---@field user_id string

---@class wixum.RemoveMemberAnswer

--- A role that is given on one site.
---@class wixum.arguments.SiteRestriction
--- the site's id [GUID, required]
---@field id string
--- the site's name
---@field value? string

---@alias wixum.arguments.AssignmentCondition.condition_type
---| "UNKNOWN_CONDITION_TYPE"
---| "FOLDER"

--- A condition that a site meets.
---@class wixum.arguments.AssignmentCondition
--- FOLDER: sites in a folder [required]
---@field condition_type wixum.arguments.AssignmentCondition.condition_type
--- id of the folder [id, required]
---@field id string
--- path of the folder
---@field value? string

--- A role that is given on the sites that meet conditions.
---@class wixum.arguments.ConditionsRestriction
--- all of them are to be met [required, not empty]
---@field conditions wixum.arguments.AssignmentCondition[]

---@alias wixum.arguments.ResourceRestriction.resource_type
---| "UNKNOWN_RESOURCE_TYPE"
---| "SITE"

--- Deprecated by the service: SiteRestriction.
---@class wixum.arguments.ResourceRestriction
--- SITE
---@field resource_type? wixum.arguments.ResourceRestriction.resource_type
--- the site's id [id, required]
---@field id string
--- the site's name
---@field value? string

--- What a role is given on. Left out it is everything in the account. Exactly one of its fields is given.
---@class wixum.arguments.AssignmentRestrictions
--- one site
---@field site? wixum.arguments.SiteRestriction
--- sites that meet conditions
---@field conditions? wixum.arguments.ConditionsRestriction
--- deprecated by the service: site
---@field resource? wixum.arguments.ResourceRestriction

---@alias wixum.arguments.AssignmentSubject.subject_type
---| "UNKNOWN"
---| "ACCOUNT"
---| "USER"
---| "USER_GROUP"
---| "MEMBER_GROUP"
---| "VISITOR_GROUP"
---| "EXTERNAL_APP"
---| "ACCOUNT_GROUP"
---| "WIX_APP"

--- Who has a role.
---@class wixum.arguments.AssignmentSubject
--- who [dropped when given back]
---@field id? string
--- what kind of a subject it is
---@field subject_type? wixum.arguments.AssignmentSubject.subject_type

--- A role, who has it, and on what.
---@class wixum.arguments.Assignment
--- role id, see users.get_roles_info [id, required]
---@field policy_id string
--- its id, to take it away by; absent while only invited [id, dropped when given back]
---@field assignment_id? string
--- on what; left out it is everything in the account
---@field restrictions? wixum.arguments.AssignmentRestrictions
--- who has it
---@field subject? wixum.arguments.AssignmentSubject

---@class (exact) wixum.UpdateTeamMemberAssignmentsArguments
--- user id, from search_team [GUID, required]
---@field user_id string
--- roles to give; may be an empty list [required]
---@field new_assignments wixum.arguments.Assignment[]
--- assignment_id of what to take away, from search_team; may be an empty list [id, required, no item twice]
---@field assignment_ids_to_remove string[]

---@class wixum.UpdateTeamMemberAssignmentsAnswer
--- the new ones
---@field assignments wixum.Assignment[]

--- The account's team: search it, its roles, change and remove members.
---@class wixum.users
local users = {}

--- Finds members of the team and people invited to it.
---
--- ```lua
--- local team, err = wixum.users.search_team{
---   query = "ann",
---   order_by = { { field_name = "Name", direction = "ASC" } },
---   facets = { "Roles", "InviteStatus" },
---   paging = { limit = 50, offset = 0 },
--- }
--- ```
---@param arguments? wixum.SearchTeamArguments
---@param options? wixum.CallOptions
---@return wixum.SearchTeamAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function users.search_team(arguments, options) end

--- Lists the roles that can be given.
---
--- ```lua
--- local roles, err = wixum.users.get_roles_info{ locale = "en", filter = { role_level = "SITE_LEVEL" } }
--- ```
---@param arguments? wixum.GetRolesInfoArguments
---@param options? wixum.CallOptions
---@return wixum.GetRolesInfoAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function users.get_roles_info(arguments, options) end

--- Removes a member from the team, with all roles.
---
--- ```lua
--- local done, err = wixum.users.remove_member{ user_id = "9c1a5a0e-35f7-4c8b-a0d8-3b7d9f0e6c55" }
--- ```
---@param arguments wixum.RemoveMemberArguments
---@param options? wixum.CallOptions
---@return wixum.RemoveMemberAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function users.remove_member(arguments, options) end

--- Gives a member roles and takes others away, in one call; roles that are not named stay.
---
--- ```lua
--- local changed, err = wixum.users.update_team_member_assignments{
---   user_id = "9c1a5a0e-35f7-4c8b-a0d8-3b7d9f0e6c55",
---   new_assignments = { {
---     policy_id = "6732588207941061632",
---     restrictions = { site = { id = "a1d7cc01-27f0-4c5a-9b42-6f2d0e8b7a10" } },
---   } },
---   assignment_ids_to_remove = {},
--- }
--- ```
---@param arguments wixum.UpdateTeamMemberAssignmentsArguments
---@param options? wixum.CallOptions
---@return wixum.UpdateTeamMemberAssignmentsAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function users.update_team_member_assignments(arguments, options) end

--- Every member and invite that search_team finds, page by page. Offsets shift while members are removed: collect first, then remove.
---
--- ```lua
--- for member in wixum.users.each_member{ order_by = { { field_name = "Name", direction = "ASC" } } } do
---   print((member.user or member.invite).email)
--- end
--- ```
---@param arguments? wixum.SearchTeamArguments
---@param options? wixum.CallOptions
---@return fun(): wixum.TeamMember?
function users.each_member(arguments, options) end

--- Which contributors.
---@class wixum.arguments.ContributorsFilter
--- only those with one of these roles; an empty list would be everybody, so it is refused [id, not empty]
---@field policy_ids? string[]

---@class (exact) wixum.QuerySiteContributorsArguments
--- which of them
---@field filter? wixum.arguments.ContributorsFilter

--- Somebody who can reach the site.
---@class wixum.Contributor
--- the person's account [GUID]
---@field account_id? string
--- the user who owns that account [GUID]
---@field account_owner_id? string

---@class wixum.QuerySiteContributorsAnswer
--- all of them: there is no paging
---@field contributors wixum.Contributor[]

--- A role to give.
---@class wixum.arguments.NewRole
--- role id, see users.get_roles_info [id, required]
---@field role_id string

---@class (exact) wixum.ChangeRoleArguments
--- the contributor, from query_site_contributors [GUID, required]
---@field account_id string
--- the roles from now on [required, not empty, no role_id twice]
---@field new_roles wixum.arguments.NewRole[]

--- A role that was given.
---@class wixum.AssignedRole
--- role id [id]
---@field role_id? string
--- id of its being given [id]
---@field assignment_id? string

---@class wixum.ChangeRoleAnswer
--- the roles now
---@field new_assigned_roles wixum.AssignedRole[]

---@class (exact) wixum.RemoveContributorArguments
--- the contributor, from query_site_contributors [GUID, required]
---@field account_id string

---@class wixum.RemoveContributorAnswer

---@class (exact) wixum.ChangeContributorLocationArguments
--- the contributor, from query_site_contributors [GUID, required]
---@field account_id string
--- the locations from now on; an empty list would be no restriction at all, so it is refused [GUID, required, not empty, no item twice, at most 20]
---@field new_locations string[]

--- Locations that were given.
---@class wixum.AssignedLocations
--- the locations [id]
---@field location_ids string[]
--- ids of their being given [id]
---@field assignment_ids string[]

---@class wixum.ChangeContributorLocationAnswer
--- the locations now
---@field new_assigned_locations wixum.AssignedLocations[]

--- Who can reach a site: list them, change roles and locations, remove.
---@class wixum.contributors
local contributors = {}

--- Lists who can reach the site, by account id alone.
---
--- ```lua
--- local list, err = wixum.contributors.query_site_contributors{ filter = { policy_ids = { "6732588207941061632" } } }
--- ```
---@param arguments? wixum.QuerySiteContributorsArguments
---@param options? wixum.CallOptions
---@return wixum.QuerySiteContributorsAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function contributors.query_site_contributors(arguments, options) end

--- Replaces all roles that a contributor has on the site.
---
--- ```lua
--- local changed, err = wixum.contributors.change_role{
---   account_id = "2f7b1f7e-0a5e-4f0e-9d1c-7b1d8a4f3c21", new_roles = { { role_id = "6732588207941061632" } },
--- }
--- ```
---@param arguments wixum.ChangeRoleArguments
---@param options? wixum.CallOptions
---@return wixum.ChangeRoleAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function contributors.change_role(arguments, options) end

--- Takes a contributor's access to the site away.
---
--- ```lua
--- local done, err = wixum.contributors.remove_contributor{ account_id = "2f7b1f7e-0a5e-4f0e-9d1c-7b1d8a4f3c21" }
--- ```
---@param arguments wixum.RemoveContributorArguments
---@param options? wixum.CallOptions
---@return wixum.RemoveContributorAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function contributors.remove_contributor(arguments, options) end

--- Replaces the locations that a contributor is restricted to.
---
--- ```lua
--- local changed, err = wixum.contributors.change_contributor_location{
---   account_id = "2f7b1f7e-0a5e-4f0e-9d1c-7b1d8a4f3c21", new_locations = { "c0d9a5f6-1f0f-4d1c-8b8e-0f8a6f6f5b11" },
--- }
--- ```
---@param arguments wixum.ChangeContributorLocationArguments
---@param options? wixum.CallOptions
---@return wixum.ChangeContributorLocationAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function contributors.change_contributor_location(arguments, options) end

---@class (exact) wixum.QuerySitesArguments
--- free-form: filter, sort, cursorPaging { limit, cursor }; sites.each_site reads all
---@field query? any

--- A site of the account; there is more in it than is named here.
---@class wixum.Site
--- site id [GUID]
---@field id? string
--- its name in addresses
---@field name? string
--- its name for people
---@field display_name? string
--- can the world see it?
---@field published? boolean
--- its address
---@field view_url? string
--- whose it is [GUID]
---@field owner_account_id? string
--- accounts that can reach it [GUID]
---@field contributor_account_ids string[]
--- has the service shut it?
---@field blocked? boolean
--- the folder it is in
---@field folder_id? string
--- WIX, HEADLESS, …
---@field namespace? string
--- RFC 3339, where it is in the trash [date]
---@field trashed_date? string
--- the editor it was made with
---@field editor_type? string

--- Where to go on.
---@class wixum.Cursors
--- cursor of the next page
---@field next? string

--- About the page.
---@class wixum.SitesMetadata
--- sites on this page
---@field count? integer
--- where to go on
---@field cursors? wixum.Cursors
--- are there more?
---@field has_next? boolean

---@class wixum.QuerySitesAnswer
--- this page
---@field sites wixum.Site[]
--- about the page
---@field metadata? wixum.SitesMetadata

---@class (exact) wixum.CountSitesArguments
--- free-form: filter
---@field query? any

---@class wixum.CountSitesAnswer
--- how many
---@field count? integer

--- The sites of the account.
---@class wixum.sites
local sites = {}

--- Lists sites, a hundred a page at most.
---
--- ```lua
--- local page, err = wixum.sites.query_sites{ query = { cursorPaging = { limit = 100 } } }
--- ```
---@param arguments? wixum.QuerySitesArguments
---@param options? wixum.CallOptions
---@return wixum.QuerySitesAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function sites.query_sites(arguments, options) end

--- Counts sites.
---
--- ```lua
--- local counted, err = wixum.sites.count_sites{ query = { filter = { published = true } } }
--- ```
---@param arguments? wixum.CountSitesArguments
---@param options? wixum.CallOptions
---@return wixum.CountSitesAnswer? answer
---@return wixum.CallInfo|wixum.Error info
function sites.count_sites(arguments, options) end

--- Every site that query_sites finds, page by page.
---
--- ```lua
--- for site in wixum.sites.each_site{ query = { filter = { published = true } } } do
---   print(site.id, site.display_name)
--- end
--- ```
---@param arguments? wixum.QuerySitesArguments
---@param options? wixum.CallOptions
---@return fun(): wixum.Site?
function sites.each_site(arguments, options) end

---@class wixum
---@field site_invites wixum.site_invites
---@field account_invites wixum.account_invites
---@field users wixum.users
---@field contributors wixum.contributors
---@field sites wixum.sites

---@class wixum.Client
---@field site_invites wixum.site_invites
---@field account_invites wixum.account_invites
---@field users wixum.users
---@field contributors wixum.contributors
---@field sites wixum.sites
