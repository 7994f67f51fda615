# Send connectors of an organization with a hybrid side, a partner and a branch office, as they are
# pasted from the Exchange Management Shell.

# Mail to the Internet by MX.
[PS] C:\>New-SendConnector -Internet -Name "To Internet" -AddressSpaces "SMTP:*;10" -Fqdn mail.contoso.com
[PS] C:\>Set-SendConnector "To Internet" -FrontendProxyEnabled $true -ProtocolLoggingLevel Verbose

# Through a smart host that wants a name and a password over TLS.
New-SendConnector -Name 'Via smart host' -Usage Custom `
    -AddressSpaces 'SMTP:*.fabrikam.com;5', 'adatum.com' `
    -DNSRoutingEnabled:$false -SmartHosts "smtp.relay.example","[192.0.2.25]" -Port 587 `
    -SmartHostAuthMechanism BasicAuthRequireTLS -AuthenticationCredential smart-host `
    -MaxMessageSize 35MB

<#
   A partner: TLS, with the partner's name in the certificate.
#>
New-SendConnector -Name "Partner - Tailspin" -Partner -AddressSpaces "*.tailspintoys.com" `
    -RequireTLS $true -TlsAuthLevel DomainValidation -TlsDomain "*.tailspintoys.com" `
    -ErrorPolicies DowngradeDnsFailures, DowngradeCustomFailures -ConnectionInactivityTimeOut 00:05:00

# Only for the branch office, which has a leased line.
New-SendConnector –Name “Branch office” –AddressSpaces "branch.contoso.com;1" -IsScopedConnector $true -SourceTransportServers mbx-0 -Comment 'leased line; ask Ann''s team'

# Towards Microsoft 365, as the hybrid wizard makes it.
New-SendConnector -Name "Outbound to Office 365" -AddressSpaces "SMTP:contoso.mail.onmicrosoft.com;1" -CloudServicesMailEnabled $true -RequireTLS $true -DNSRoutingEnabled $true -Fqdn "mail.contoso.com" -TlsAuthLevel DomainValidation -TlsDomain "mail.protection.outlook.com" -TlsCertificateName "<I>CN=Contoso Issuing CA, O=Contoso<S>CN=mail.contoso.com, O=Contoso" -ConnectorType XPremises -Force

# What came later.
Set-SendConnector -Identity "Via smart host" -AddressSpaces @{Add="SMTP:proseware.com;20","wingtiptoys.com"; Remove="adatum.com"} -SmtpMaxMessagesPerConnection 50
Set-SendConnector "Branch office" -Fqdn $null -MaxMessageSize unlimited; Disable-SendConnector "Branch office"
Add-ADPermission -Identity "Via smart host" -User "NT AUTHORITY\ANONYMOUS LOGON" -AccessRights ExtendedRight -ExtendedRights ms-Exch-Send-Headers-Routing
Get-SendConnector "Via smart host" | Format-List Name,AddressSpaces,SmartHosts,Port
Get-SendConnector | ft Name, Enabled -AutoSize
